use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn read_text(text: &str) -> SeriesRead {
    read(text.as_bytes()).unwrap()
}

fn points(found: &SeriesRead, name: &str) -> Vec<(i64, String)> {
    let texts = found.series[name].texts();
    texts.map(|(step, text)| (step, text.to_owned())).collect()
}

#[test]
fn several_metrics_a_line_and_steps_that_are_not_given() {
    let found = read_text(
        "{\"step\": 10, \"loss\": 0.50, \"val\": {\"auc\": 1}, \"time\": 3.5}\n\n\
         {\"loss\": NaN, \"step\": 11.0}\n{\"loss\": {\"float\": \"-inf\"}}\n{\"lr\": 1E-4, \"step\": null}\r\n{\"lr\": 2}",
    );
    assert_eq!(found.series.len(), 3);
    let at = |step: i64, text: &str| (step, text.to_owned());
    assert_eq!(
        points(&found, "loss"),
        [at(10, "0.50"), at(11, "nan"), at(12, "-inf")]
    );
    assert_eq!(points(&found, "val.auc"), [at(10, "1")]);
    assert_eq!(points(&found, "lr"), [at(0, "1E-4"), at(1, "2")]);
    assert_eq!(
        (found.bad_lines, found.torn, found.not_numbers),
        (0, false, 0)
    );
}

#[test]
fn what_is_unreadable_is_counted_and_never_stops_the_rest() {
    let found = read_text(
        "{\"loss\": 1}\n{\"loss\": 2, \"lo{\"loss\": 3}\n[4]\n{\"step\": 1.5, \"loss\": 5}\n\
         {\"loss\": 1e400, \"note\": \"x\", \"ok\": true, \"l\": [1]}\n{\"loss\": 6}\n{\"loss\": 7, \"st",
    );
    assert_eq!(points(&found, "loss").len(), 2);
    assert_eq!(found.bad_lines, 3);
    let (line, why) = found.first_bad.unwrap();
    assert_eq!((line, why.as_str()), (2, "expected `:`, found 'l'"));
    assert!(found.torn);
    assert_eq!(found.not_numbers, 4);
}

#[test]
fn an_endless_line_is_skipped_in_bounded_memory() {
    let long = format!("{{\"x\": \"{}\"}}\n{{\"loss\": 1}}\n", "y".repeat(3 << 20));
    let found = read_text(&long);
    assert_eq!(found.bad_lines, 1);
    assert_eq!(points(&found, "loss"), [(0, "1".to_owned())]);
    let unending = read(io::BufReader::new(io::repeat(b'[').take(5 << 20))).map(|f| f.bad_lines);
    assert_eq!(unending.unwrap(), 1);
}

#[test]
fn a_summary_ignores_what_is_not_finite() {
    let found = read_text(
        "{\"l\": 3}\n{\"l\": 0.10}\n{\"l\": NaN}\n{\"l\": 0.1}\n{\"l\": 1e400}\n{\"l\": Infinity}\n{\"l\": 2,\"step\":1}\n",
    );
    let sum = summary(&found.series["l"]).unwrap();
    let at = |step, text| {
        Some(AtStep {
            step,
            value: Number::parse(text).unwrap(),
        })
    };
    assert_eq!((sum.count, sum.last_step, sum.last.as_str()), (6, 1, "2"));
    assert_eq!((sum.min, sum.max), (at(1, "0.10"), at(0, "3")));
    assert_eq!(summary(&Series::default()), None);
    let nan = summary(&read_text("{\"l\": NaN}").series["l"]).unwrap();
    assert_eq!((nan.last.as_str(), nan.min, nan.max), ("nan", None, None));
}

#[test]
fn the_table_has_the_exact_text() {
    let found = read_text("{\"step\": -1, \"l\": 0.8420}\n{\"l\": 1e-05}\n{\"l\": NaN}\n");
    assert_eq!(
        to_csv(&found.series["l"]),
        "step,value\n-1,0.8420\n0,1e-05\n1,nan\n"
    );
}

#[test]
fn a_written_line_reads_back() {
    let values = [("val/\"loss\"", "0.50"), ("потери", "nan"), ("x", "-inf")]
        .map(|(name, text)| (name.to_owned(), Number::parse(text).unwrap()));
    let text = line(Some(3), &values) + &line(None, &values[..1]);
    assert!(
        text.starts_with("{\"step\": 3, \"val/\\\"loss\\\"\": 0.50, "),
        "{text}"
    );
    let found = read_text(&text);
    assert_eq!(
        points(&found, "val/\"loss\""),
        [(3, "0.50".to_owned()), (4, "0.50".to_owned())]
    );
    assert_eq!(points(&found, "потери"), [(3, "nan".to_owned())]);
    assert_eq!(points(&found, "x"), [(3, "-inf".to_owned())]);
    assert_eq!(line(None, &[]), "{}\n");
}

#[test]
fn names_that_a_log_can_not_hold() {
    for name in ["", "step", "time", "timestamp"] {
        assert!(check_name(name).is_err(), "{name}");
    }
    assert!(check_name(&"x".repeat(257)).is_err());
    assert!(check_name("step_time").is_ok());
}

#[test]
fn file_names_are_safe_and_distinct() {
    for (metric, expected) in [
        ("loss", "loss.csv"),
        ("val/loss", "val%2Floss.csv"),
        ("F1", "%461.csv"),
        ("../x", "%2E.%2Fx.csv"),
        ("nul", "%6Eul.csv"),
        ("com1.x", "%63om1.x.csv"),
        ("a%2F", "a%252%46.csv"),
        ("я", "%D1%8F.csv"),
    ] {
        assert_eq!(file_name(metric), expected);
    }
    let long: HashSet<String> = (0..300).map(|n| file_name(&"я".repeat(n))).collect();
    assert_eq!(long.len(), 300);
    assert!(long.iter().all(|name| name.len() <= 184));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes[..]).is_ok());
    }

    #[test]
    fn any_float_survives_bit_for_bit(bits: u64, step: i64) {
        let value = f64::from_bits(bits);
        let text = line(Some(step), &[("m".to_owned(), Number::from_f64(value))]);
        let found = read(text.as_bytes()).unwrap();
        let back: Vec<_> = found.series["m"].points().collect();
        prop_assert_eq!(back[0].0, step);
        prop_assert!(back[0].1.to_bits() == bits || back[0].1.is_nan() && value.is_nan());
    }

    #[test]
    fn distinct_metrics_have_distinct_files(a in any::<String>(), b in "[a-cA-C/%.]{0,6}") {
        let fold = |name: &str| file_name(name).to_lowercase();
        prop_assert_eq!(fold(&a) == fold(&b), a == b);
        prop_assert_eq!(fold(&b.to_uppercase()) == fold(&b), b.to_uppercase() == b);
        let name = file_name(&a);
        prop_assert!(!name.contains(['/', '\\', ':', '\0', ' ']) && name.len() < 200);
    }
}
