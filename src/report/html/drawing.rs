//! The way to a finding as a picture: a lane for each file, a numbered point for each step, and a line from each point to the next.

use pyrelint_lints::Place;

use crate::report::escape;

/// Between two steps.
const STEP: usize = 60;
/// Between two lanes.
const LANE: usize = 36;
/// Around all.
const MARGIN: usize = 22;
/// How many characters of a path are shown: its end tells more than its start.
const NAME: usize = 34;
/// How wide one of them is.
const LETTER: usize = 8;
/// A way of more steps is told, not drawn.
const MOST: usize = 60;

/// Where everything lies, in the units of the picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drawing {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Where lanes begin.
    pub(super) left: usize,
    pub(super) lanes: Vec<Lane>,
    pub(super) ways: Vec<String>,
    pub(super) points: Vec<Point>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) y: usize,
    /// The end of the path.
    pub(super) name: String,
    pub(super) path: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// 0 for the finding itself.
    pub(super) number: usize,
    pub(super) x: usize,
    pub(super) y: usize,
}

impl Drawing {
    /// A picture of the finding's place and those that lead to it; `None` where there is no way to draw.
    pub(super) fn new(places: &[&Place]) -> Option<Self> {
        if !(2..=MOST).contains(&places.len()) {
            return None;
        }
        let mut paths: Vec<&str> = Vec::new();
        for place in places {
            if !paths.contains(&place.file.path()) {
                paths.push(place.file.path());
            }
        }
        let lanes = paths.iter().enumerate().map(|(index, path)| {
            let path = escape::line(path).into_owned();
            Lane { y: MARGIN + index * LANE, name: ending(&path), path }
        });
        let lanes: Vec<Lane> = lanes.collect();
        let longest = lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or_default();
        let left = longest * LETTER + MARGIN;
        let points = places.iter().enumerate().map(|(number, place)| {
            let lane = paths.iter().position(|path| *path == place.file.path()).unwrap_or_default();
            Point { number, x: left + MARGIN + number * STEP, y: MARGIN + lane * LANE }
        });
        let points: Vec<Point> = points.collect();
        let ways = points.windows(2).map(|pair| curve(&pair[0], &pair[1])).collect();
        let width = left + 2 * MARGIN + (places.len() - 1) * STEP;
        Some(Self { width, height: 2 * MARGIN + (lanes.len() - 1) * LANE, left, lanes, ways, points })
    }
}

/// The end of a path, from a folder on if it can be.
fn ending(path: &str) -> String {
    let count = path.chars().count();
    if count <= NAME {
        return path.to_owned();
    }
    let tail: String = path.chars().skip(count - NAME).collect();
    let tail = tail.find('/').map_or(tail.as_str(), |slash| &tail[slash..]);
    format!("\u{2026}{tail}")
}

/// The line between two points, without the room that they take.
fn curve(from: &Point, to: &Point) -> String {
    /// A point's radius and a little air.
    const ROOM: usize = 13;
    let (start, end) = (from.x + ROOM, to.x - ROOM);
    let middle = usize::midpoint(start, end);
    format!("M{start} {} C{middle} {} {middle} {} {end} {}", from.y, from.y, to.y, to.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_for_each_file_and_a_point_for_each_step() {
        let places = [Place::of_path("a.py"), Place::of_path("b.py"), Place::of_path("a.py")];
        let drawing = Drawing::new(&places.iter().collect::<Vec<_>>()).expect("there are steps");
        let lanes: Vec<_> = drawing.lanes.iter().map(|lane| (lane.y, lane.name.as_str())).collect();
        assert_eq!(lanes, [(22, "a.py"), (58, "b.py")]);
        let points: Vec<_> = drawing.points.iter().map(|point| (point.number, point.x, point.y)).collect();
        assert_eq!(points, [(0, 76, 22), (1, 136, 58), (2, 196, 22)]);
        assert_eq!(drawing.ways, ["M89 22 C106 22 106 58 123 58", "M149 58 C166 58 166 22 183 22"]);
        assert!(Drawing::new(&[&places[0]]).is_none());
    }

    #[test]
    fn long_paths_keep_their_end() {
        assert_eq!(ending("src/company/services/billing/invoices/worker.py"), "\u{2026}/billing/invoices/worker.py");
        assert_eq!(ending("src/worker.py"), "src/worker.py");
    }
}
