//! Files that stand in for content kept by Git LFS, DVC and git-annex.

use super::*;

#[test]
fn an_lfs_pointer_stands_for_its_content() {
    let bench = Bench::new();
    let oid = Sha256::of(b"the content");
    let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 11\n");
    bench.write("model.bin", &text);
    bench.write("set/model.bin", &text);
    let input = bench.one("model.bin");
    assert_eq!((input.sha256.as_ref(), input.bytes), (Some(&oid), Some(11)));
    let pointer = input.pointer.unwrap();
    assert_eq!((pointer.kind.as_str(), pointer.present), ("lfs", false));
    assert!(
        bench
            .notes("model.bin")
            .contains("git lfs pull --include model.bin")
    );

    let object = pointer::lfs_object(bench.git_dir.path(), &oid);
    fs::create_dir_all(object.parent().unwrap()).unwrap();
    fs::write(object, "the content").unwrap();
    assert!(bench.one("model.bin").pointer.unwrap().present);
    // What is longer than any pointer is content, however it begins.
    bench.write("long.bin", text.clone() + &"#".repeat(pointer::LIMIT));
    let long = bench.one("long.bin");
    assert_eq!((long.pointer, long.stands_in), (None, false));
    assert_ne!(long.sha256, Some(oid));
    // A folder has the same digest before and after the content is pulled.
    let before = bench.one("set").sha256;
    bench.write("set/model.bin", "the content");
    assert_eq!(bench.one("set").sha256, before);
}

#[test]
fn dvc_content_that_is_elsewhere_is_known_by_its_md5() {
    let bench = Bench::new();
    bench.write(
        "raw.csv.dvc",
        "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f\n  size: 5\n  hash: md5\n  path: raw.csv\n",
    );
    for name in ["raw.csv", "raw.csv.dvc"] {
        let input = bench.one(name);
        assert_eq!((input.sha256, input.bytes), (None, Some(5)), "{name}");
        assert!(!input.pointer.unwrap().present);
        assert!(bench.notes(name).contains("dvc pull"));
    }
    bench.write("raw.csv", "12345");
    for name in ["raw.csv", "raw.csv.dvc"] {
        let input = bench.one(name);
        assert_eq!(input.sha256, Some(Sha256::of(b"12345")), "{name}");
        assert_eq!(
            input.pointer, None,
            "of as many bytes, and no more is known"
        );
        assert_eq!(input.dvc.unwrap().md5, "22a1a2931c8370d3aeedd7183606fd7f");
    }
    bench.write("raw.csv", "changed since");
    assert_eq!(bench.one("raw.csv").dvc, None);
    assert!(bench.notes("raw.csv").contains("dvc status"));
}

#[test]
fn a_folder_of_another_size_is_not_what_dvc_has_written_down() {
    let bench = Bench::new();
    bench.write("img/1", "12345");
    bench.write(
        "img.dvc",
        "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f.dir\n  size: 5\n  nfiles: 1\n  path: img\n",
    );
    assert!(bench.one("img").dvc.is_some());
    bench.write("img/2", "");
    assert_eq!(bench.one("img").dvc, None);
    let told = "img has 2 files of 5 bytes, and DVC has written down 1 file of 5 bytes: dvc status";
    assert_eq!(bench.notes("img"), told);
}

#[test]
fn annexed_content_is_followed_or_known_by_its_key() {
    let bench = Bench::new();
    let oid = Sha256::of(b"annexed");
    let key = format!("SHA256E-s7--{oid}.csv");
    let target = format!(".git/annex/objects/Xz/9q/{key}/{key}");
    symlink(&target, bench.path("data.csv")).unwrap();
    let input = bench.one("data.csv");
    assert_eq!((input.sha256, input.bytes), (Some(oid.clone()), Some(7)));
    assert!(!input.pointer.unwrap().present);
    bench.write(&target, "annexed");
    let input = bench.one("data.csv");
    assert_eq!(input.sha256, Some(oid));
    let pointer = input.pointer.unwrap();
    assert_eq!(
        (pointer.kind.as_str(), pointer.id, pointer.present),
        ("annex", key, true)
    );
    bench.write(&target, "damaged");
    assert_eq!(bench.one("data.csv").pointer, None);
    assert!(bench.notes("data.csv").contains("git annex fsck data.csv"));
}

#[test]
fn a_folder_has_the_same_digest_while_its_content_is_in_the_annex() {
    let bench = Bench::new();
    let target = |text: &str| {
        let key = format!(
            "SHA256E-s{}--{}.csv",
            text.len(),
            Sha256::of(text.as_bytes())
        );
        format!("../.git/annex/objects/Xz/9q/{key}/{key}")
    };
    bench.write("set/b", "here");
    for (name, text) in [("a", "first"), ("c", "second")] {
        symlink(target(text), bench.path("set").join(name)).unwrap();
    }
    let away = bench.one("set");
    assert!(away.stands_in && bench.notes("set").contains("git annex get): a, c"));
    assert_eq!((away.files, away.bytes), (Some(3), Some(15)));
    for text in ["first", "second"] {
        bench.write(target(text).strip_prefix("../").unwrap(), text);
    }
    let here = bench.one("set");
    assert!(!here.stands_in);
    assert_eq!(here.sha256, away.sha256);
    // A key without a digest says nothing of the content.
    symlink(
        "../.git/annex/objects/X/Y/WORM-s3-m1--d/WORM-s3-m1--d",
        bench.path("set/d"),
    )
    .unwrap();
    assert_eq!(bench.one("set").sha256, None);
    assert!(bench.notes("set").contains("not on this machine"));
}
