//! YAML with places.
//!
//! The parser is saphyr's; this keeps what its events say as a graph of nodes (an alias is the node that it names, not a copy), and what was read before
//! an error, so that templates and half-written files still tell something.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::text::Text;

/// How many merges (`<<`) are followed in a row.
const MAX_MERGES: usize = 8;

/// The documents of a text.
#[derive(Debug, Default)]
pub(crate) struct Yaml {
    nodes: Vec<Node>,
    /// The documents' roots.
    pub(crate) documents: Vec<NodeId>,
}

/// A node of a [`Yaml`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

#[derive(Debug)]
struct Node {
    place: Range<usize>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Scalar(Text),
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
}

impl Yaml {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Self {
        let mut builder = Builder { text, offsets: Offsets::new(text), yaml: Self::default(), open: Vec::new(), anchors: Vec::new() };
        let mut parser = Parser::new_from_str(text);
        while let Some(Ok((event, span))) = parser.next_event() {
            builder.event(event, span);
        }
        while builder.open.pop().is_some() {}
        builder.yaml
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self, id: NodeId) -> Option<&Text> {
        match &self.node(id)?.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn list(&self, id: NodeId) -> Option<&[NodeId]> {
        match &self.node(id)?.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The keys and values of a map, without what is merged in.
    pub(crate) fn map(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match &self.node(id)?.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, also from maps that are merged in.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.merged(id, key, MAX_MERGES)
    }

    fn merged(&self, id: NodeId, key: &str, depth: usize) -> Option<NodeId> {
        let entries = self.map(id)?;
        let named = |name: &str| entries.iter().rev().find(|(key, _)| self.text(*key) == Some(name)).map(|(_, value)| *value);
        if let Some(value) = named(key) {
            return Some(value);
        }
        let merge = named("<<")?;
        let depth = depth.checked_sub(1)?;
        // Lists of merged maps are short in earnest; a bound keeps nested ones from multiplying.
        let several = self.list(merge).map(|items| items.iter().take(MAX_MERGES).find_map(|item| self.merged(*item, key, depth.min(1))));
        several.unwrap_or_else(|| self.merged(merge, key, depth))
    }

    /// The value behind several keys.
    pub(crate) fn path(&self, id: NodeId, keys: &[&str]) -> Option<NodeId> {
        keys.iter().try_fold(id, |node, key| self.get(node, key))
    }

    /// The text of a scalar as a string.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        self.scalar(id).map(Text::as_str)
    }

    /// The place of a node.
    pub(crate) fn place(&self, id: NodeId) -> Range<usize> {
        self.node(id).map_or(0..0, |node| node.place.clone())
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }
}

/// Makes nodes of events.
struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    yaml: Yaml,
    /// The containers that are being read, and for a map the key that waits for its value.
    open: Vec<(NodeId, Option<NodeId>)>,
    /// By the parser's numbers.
    anchors: Vec<(usize, NodeId)>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        let place = self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index());
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let text = scalar(self.text, &value, style, &place);
                let id = self.add(place, Content::Scalar(text), anchor);
                self.take(id);
            }
            Event::SequenceStart(anchor, _) => self.start(place, Content::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.start(place, Content::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, _)) = self.open.pop()
                    && let Some(node) = self.yaml.nodes.get_mut(id.0)
                {
                    node.place.end = place.end.max(node.place.start);
                }
            }
            Event::Alias(anchor) => {
                let named = self.anchors.binary_search_by_key(&anchor, |(number, _)| *number).ok().map(|index| self.anchors[index].1);
                let id = named.unwrap_or_else(|| self.add(place.clone(), Content::Scalar(Text::default()), 0));
                self.take(id);
            }
            _ => {}
        }
    }

    fn add(&mut self, place: Range<usize>, content: Content, anchor: usize) -> NodeId {
        let id = NodeId(self.yaml.nodes.len());
        self.yaml.nodes.push(Node { place, content });
        if self.anchors.last().is_none_or(|(number, _)| *number < anchor) && anchor > 0 {
            self.anchors.push((anchor, id));
        }
        id
    }

    /// A container begins. It is part of its parent from here on, so that a text that breaks off within it keeps it.
    fn start(&mut self, place: Range<usize>, content: Content, anchor: usize) {
        let id = self.add(place, content, anchor);
        self.take(id);
        self.open.push((id, None));
    }

    /// A node is complete or begins: it belongs to the innermost container, or is a document.
    fn take(&mut self, id: NodeId) {
        let Some((container, key)) = self.open.last_mut() else {
            self.yaml.documents.push(id);
            return;
        };
        match self.yaml.nodes.get_mut(container.0).map(|node| &mut node.content) {
            Some(Content::List(items)) => items.push(id),
            Some(Content::Map(entries)) => match key.take() {
                Some(key) => entries.push((key, id)),
                None => *key = Some(id),
            },
            _ => {}
        }
    }
}

/// From the parser's positions, which count characters, to bytes.
struct Offsets {
    /// Where each character begins; none where all are one byte long.
    starts: Option<Vec<u32>>,
    end: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect());
        Self { starts, end: text.len() }
    }

    fn byte(&self, index: usize) -> usize {
        match &self.starts {
            None => index.min(self.end),
            Some(starts) => starts.get(index).map_or(self.end, |start| *start as usize),
        }
    }
}

/// The text of a scalar, with exact places where it stands in the file as it is, but for white space between lines.
fn scalar(file: &str, value: &str, style: ScalarStyle, place: &Range<usize>) -> Text {
    let source = file.get(place.clone()).unwrap_or_default();
    let from = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        // The parser's place may begin at the sign or at the text below it.
        ScalarStyle::Literal | ScalarStyle::Folded if source.starts_with(['|', '>']) => {
            source.find('\n').map_or(source.len(), |end| end + 1)
        }
        ScalarStyle::Literal | ScalarStyle::Folded | ScalarStyle::Plain => 0,
    };
    aligned(source, value, from, place.start).unwrap_or_else(|| Text::at(value, place.clone()))
}

/// The value by the characters of the source from `at` on; none where they differ in more than white space.
fn aligned(source: &str, value: &str, mut at: usize, offset: usize) -> Option<Text> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let mut text = Text::default();
    let mut rest = value;
    let mut first = true;
    while !rest.is_empty() {
        let spaces = rest.len() - rest.trim_start_matches(blank).len();
        let source_spaces = source.get(at..)?.len() - source.get(at..)?.trim_start_matches(blank).len();
        if spaces > 0 {
            // The parser's place may begin behind the empty lines that a block begins with.
            if source_spaces == 0 && spaces < rest.len() && !first {
                return None;
            }
            text.push_decoded(&rest[..spaces], offset + at..offset + at + source_spaces);
        } else if source_spaces > 0 && !first {
            return None;
        }
        at += source_spaces;
        rest = &rest[spaces..];
        let length = rest.find(blank).unwrap_or(rest.len());
        if !source.get(at..)?.starts_with(&rest[..length]) {
            return None;
        }
        text.push(&rest[..length], offset + at);
        at += length;
        rest = &rest[length..];
        first = false;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::Yaml;

    #[test]
    fn nodes_and_places() {
        let text = "# é\na: &x\n  b: 'q r'\n  c: [1, \"t\\n\"]\nd:\n  <<: *x\n  e: f\ng: *x\n---\nh: |\n  one\n  two\ni: >-\n  one\n  two\nj: plain é\n  more\n";
        let yaml = Yaml::parse(text);
        assert_eq!(yaml.documents.len(), 2);
        let [first, second] = yaml.documents[..] else { panic!("two documents") };
        let get = |root, keys: &[&str]| yaml.path(root, keys).expect("a node");
        for keys in [["a", "b"], ["d", "b"], ["g", "b"]] {
            let node = get(first, &keys);
            assert_eq!((yaml.text(node), &text[yaml.place(node)]), (Some("q r"), "'q r'"));
        }
        let items = yaml.list(get(first, &["a", "c"])).expect("a list");
        assert_eq!((yaml.text(items[0]), yaml.text(items[1])), (Some("1"), Some("t\n")));
        for (key, value) in [("h", "one\ntwo\n"), ("i", "one two"), ("j", "plain é more")] {
            let scalar = yaml.scalar(get(second, &[key])).expect("a scalar");
            assert_eq!(scalar.as_str(), value);
            let last = value.trim_end();
            let word = last.len() - 3..last.len();
            assert_eq!(&text[scalar.place(word.clone())], &value[word], "{key}");
        }
    }

    #[test]
    fn a_block_that_begins_with_an_empty_line_has_its_places() {
        let text = "a: |\n\n  one\n  two\nb: |2\n\n\n   # three\n  four\n";
        let yaml = Yaml::parse(text);
        for (key, value, word) in [("a", "\none\ntwo\n", "two"), ("b", "\n\n # three\nfour\n", "# three")] {
            let scalar = yaml.scalar(yaml.path(yaml.documents[0], &[key]).expect("a node")).expect("a scalar");
            assert_eq!(scalar.as_str(), value);
            let at = value.find(word).expect("it is there");
            assert_eq!(&text[scalar.place(at..at + word.len())], word);
        }
    }

    #[test]
    fn what_is_read_before_an_error_is_kept() {
        let yaml = Yaml::parse("a:\n  b: c\n  d: [1, 2\n e: }\n");
        assert_eq!(yaml.path(yaml.documents[0], &["a", "b"]).and_then(|node| yaml.text(node)), Some("c"));
        let yaml = Yaml::parse("a: &a\n  <<: *a\n");
        assert_eq!(yaml.path(yaml.documents[0], &["a", "b"]), None);
    }
}
