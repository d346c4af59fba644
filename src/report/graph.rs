//! The lines that lead from runs to the runs made from them, drawn as `git log --graph` does.

use std::collections::BTreeMap;

/// What stands before one row, and the lines that join it to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The line above it, where a lane begins.
    pub above: Option<String>,
    /// The row's own lanes, with `*` for itself.
    pub node: String,
    /// The lanes that go on beside what else is said of it.
    pub beside: String,
    /// The line below it, where lanes move up.
    pub below: Option<String>,
}

/// Draws nodes in order, oldest first; `bases` has the place of each node's base before it.
///
/// A lane stays open as long as runs are to come from the node at its end. `None` when every node
/// comes from the one before: a straight line needs no picture.
pub fn draw(bases: &[Option<usize>]) -> Option<Vec<Drawn>> {
    let straight = bases
        .iter()
        .enumerate()
        .all(|(at, base)| *base == at.checked_sub(1));
    if straight {
        return None;
    }
    let mut waiting: BTreeMap<usize, usize> = BTreeMap::new();
    for base in bases.iter().flatten() {
        *waiting.entry(*base).or_default() += 1;
    }
    // Each lane by the node that it comes from.
    let mut lanes: Vec<usize> = Vec::new();
    let mut drawn = Vec::with_capacity(bases.len());
    for (at, base) in bases.iter().enumerate() {
        let mut above = None;
        let from = base.and_then(|base| lanes.iter().position(|lane| *lane == base));
        let place = match (from, base.and_then(|base| waiting.get_mut(&base))) {
            (Some(lane), Some(more)) if *more > 1 => {
                *more -= 1;
                above = Some(fork(lanes.len(), lane));
                lanes.insert(lane + 1, at);
                lane + 1
            }
            (Some(lane), _) => {
                lanes[lane] = at;
                lane
            }
            (None, _) => {
                lanes.push(at);
                lanes.len() - 1
            }
        };
        let mut node = lanes_at(lanes.len(), place);
        let goes_on = if waiting.contains_key(&at) { "|" } else { " " };
        let beside = node.replace('*', goes_on);
        if !waiting.contains_key(&at) {
            lanes.remove(place);
        }
        node.truncate(node.trim_end().len());
        let moves = place < lanes.len() && !waiting.contains_key(&at);
        drawn.push(Drawn {
            above,
            node,
            beside: beside.trim_end().to_owned(),
            below: moves.then(|| collapse(lanes.len(), place)),
        });
    }
    Some(drawn)
}

fn lanes_at(count: usize, node: usize) -> String {
    let sign = |lane| if lane == node { "* " } else { "| " };
    (0..count).map(sign).collect()
}

/// `|\ \`: a lane comes out of one, and those on its right make room.
fn fork(count: usize, lane: usize) -> String {
    let mut line = "| ".repeat(lane) + "|\\";
    line.push_str(&" \\".repeat(count - lane - 1));
    line
}

/// `|  /`: the lanes from `place` on move one to the left.
fn collapse(count: usize, place: usize) -> String {
    let mut line = "| ".repeat(place);
    for _ in place..count {
        line.push_str(" /");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(bases: &[Option<usize>]) -> String {
        let drawn = draw(bases).unwrap_or_default();
        let rows = drawn.iter().enumerate().map(|(at, row)| {
            let node = format!("{} {at}", row.node);
            let lines = row.above.iter().chain([&node]).chain(&row.below);
            lines.map(|line| format!("{line}\n")).collect::<String>()
        });
        rows.collect()
    }

    #[test]
    fn a_straight_line_is_not_drawn() {
        assert_eq!(draw(&[None, Some(0), Some(1)]), None);
        assert_eq!(draw(&[]), None);
    }

    #[test]
    fn branches_part_and_end() {
        let two = [None, Some(0), Some(0), Some(1)];
        assert_eq!(picture(&two), "* 0\n|\\\n| * 1\n* | 2\n /\n* 3\n");
        let three = [None, Some(0), Some(0), Some(0), Some(2)];
        assert_eq!(
            picture(&three),
            "* 0\n|\\\n| * 1\n|\\\n| * 2\n* | 3\n /\n* 4\n"
        );
        let shifted = [None, Some(0), Some(0), Some(1), Some(0), Some(2)];
        assert_eq!(
            picture(&shifted),
            "* 0\n|\\\n| * 1\n|\\ \\\n| * | 2\n| | * 3\n* | 4\n /\n* 5\n"
        );
    }

    #[test]
    fn runs_without_a_base_begin_lanes_of_their_own() {
        assert_eq!(picture(&[None, None, Some(0)]), "* 0\n| * 1\n* 2\n");
    }

    #[test]
    fn every_node_is_drawn_once_whatever_the_tree() {
        // A pseudo-random tree, the same every time.
        let mut state = 7_usize;
        let bases: Vec<Option<usize>> = (0..200)
            .map(|at| {
                state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
                (at > 0 && state & 7 > 0).then(|| state % at.max(1))
            })
            .collect();
        let drawn = draw(&bases).unwrap();
        assert_eq!(drawn.len(), 200);
        assert!(drawn.iter().all(|row| row.node.matches('*').count() == 1));
    }
}
