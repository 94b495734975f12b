//! Suppression comments: taken out where they silence nothing, put in where a finding is to be accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use ruff_text_size::{TextRange, TextSize};

use super::line_ending;
use super::statements::line_break;
use crate::deploy;
use crate::deploy::comments::Layout;
use crate::diagnostic::{Diagnostic, Edit, Place};
use crate::module::Module;
use crate::rules::{Family, Rule};
use crate::source::SourceFile;
use crate::suppress::{self, Commented, extent};

/// Takes one word out of a suppression's list; the whole directive where no other word is left. `list` is the part of the comment that holds the
/// words, `keeps` says which of them stand for something.
pub(crate) fn without_word(
    file: &Arc<SourceFile>,
    comment: TextRange,
    directive: TextRange,
    list: TextRange,
    word: TextRange,
    keeps: impl Fn(&str) -> bool,
) -> Edit {
    let words: Vec<TextRange> = suppress::words(file.slice(list))
        .map(|(at, word)| TextRange::at(list.start() + TextSize::new(at as u32), TextSize::of(word)))
        .filter(|range| *range == word || keeps(file.slice(*range)))
        .collect();
    let Some(index) = words.iter().position(|range| *range == word).filter(|_| words.len() > 1) else {
        return without_directive(file, comment, directive);
    };
    let gone = match words.get(index + 1) {
        Some(next) => TextRange::new(word.start(), next.start()),
        None => TextRange::new(words[index - 1].end(), word.end()),
    };
    Edit::new(Place::new(file, gone), String::new())
}

/// Takes a directive out of a comment, with its `#` and its reason; the comment where nothing else is in it, the line where it stands alone.
pub(crate) fn without_directive(file: &Arc<SourceFile>, comment: TextRange, directive: TextRange) -> Edit {
    let text = file.slice(comment);
    let at = (directive.start() - comment.start()).to_usize();
    let hash = text[..at].rfind('#').unwrap_or(0);
    let next = text[at..].find('#').map(|next| at + next);
    let offset = |at: usize| comment.start() + TextSize::new(at as u32);
    let line = file.line_range(file.line(comment.start()));
    let before = file.slice(TextRange::new(line.start(), offset(hash)));
    let gone = match next {
        Some(next) => TextRange::new(offset(hash), offset(next)),
        // Without its line, the one behind it would continue the one before.
        None if hash == 0 && before.trim().is_empty() && is_continued(&file.text()[..line.start().to_usize()]) => {
            TextRange::new(offset(text[..at].trim_end().len()), comment.end())
        }
        None if hash == 0 && before.trim().is_empty() => {
            let end = file.text()[comment.end().to_usize()..].len();
            let behind = if end == 0 { comment.end() } else { line_break(file, comment.end()) };
            TextRange::new(line.start(), behind)
        }
        None => TextRange::new(line.start() + TextSize::of(before.trim_end()), comment.end()),
    };
    Edit::new(Place::new(file, gone), String::new())
}

/// Whether the last line of a text ends in a backslash.
fn is_continued(text: &str) -> bool {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line).ends_with('\\')
}

/// The edits that silence findings of one file by comments on their lines, with a reason where one is given. What a comment cannot silence is left
/// out: findings about the run itself, and all those in a file that does not parse.
pub fn add(file: &Arc<SourceFile>, findings: &[&Diagnostic], reason: Option<&str>) -> Vec<Edit> {
    if let Some(format) = deploy::linted_as(file.path(), file.text().as_bytes()) {
        return add_above(file, &Layout::read(file, format), findings, reason);
    }
    let Ok(module) = Module::parse(Arc::clone(file)) else { return Vec::new() };
    if !module.syntax_errors.is_empty() {
        return Vec::new();
    }
    let layout = crate::module::layout(file.text());
    let mut lines: BTreeMap<u32, Vec<&'static Rule>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.rule.family != Family::Run) {
        let own = file.line(finding.place.range.start());
        let (first, last) = extent(&module, own);
        let candidates = [own, last].into_iter().chain(first..=last);
        let Some(line) = candidates.into_iter().find(|line| layout.takes_comment(file, *line)) else { continue };
        let rules = lines.entry(line).or_default();
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule);
        }
    }
    lines.into_iter().map(|(line, rules)| comment_on(file, &layout, line, &rules, reason)).collect()
}

/// The same for a file that is no Python: comments of their own lines, above the statements; not in all formats can one end a line.
fn add_above(file: &Arc<SourceFile>, layout: &Layout, findings: &[&Diagnostic], reason: Option<&str>) -> Vec<Edit> {
    let mut lines: BTreeMap<u32, Vec<&'static Rule>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.rule.family != Family::Run) {
        let (first, _) = layout.extent(file.line(finding.place.range.start()));
        let rules = lines.entry(first).or_default();
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule);
        }
    }
    let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    let edits = lines.into_iter().map(|(line, rules)| {
        let codes = rules.iter().map(|rule| rule.code).collect::<Vec<_>>().join(", ");
        let above = line.checked_sub(1).map(|line| file.line_range(line));
        let comments = layout.comments();
        let known = above.and_then(|above| {
            let next = comments.get(comments.partition_point(|comment| comment.start() < above.start()))?;
            Some(next).filter(|comment| above.contains_range(**comment))
        });
        if let Some(end) = known.and_then(|comment| suppress::open_list(file, *comment)) {
            return Edit::new(Place::new(file, TextRange::empty(end)), format!(", {codes}"));
        }
        let range = file.line_range(line);
        let text = file.slice(range);
        let indent = &text[..text.len() - text.trim_start().len()];
        let comment = format!("{indent}# pyrelint: ignore[{codes}]{reason}{}", line_ending(file.text()));
        Edit::new(Place::new(file, TextRange::empty(range.start())), comment)
    });
    edits.collect()
}

/// The edit that silences a rule in a whole file: another word in the list that is there, else a comment of its own below the lines that
/// must come first. `None` where that cannot be: for findings about the run itself, and where the file is Python that does not parse.
pub fn add_for_file(file: &Arc<SourceFile>, rule: &Rule) -> Option<Edit> {
    if rule.family == Family::Run {
        return None;
    }
    if let Some(format) = deploy::linted_as(file.path(), file.text().as_bytes()) {
        return Some(for_file(&Layout::read(file, format), rule));
    }
    let module = Module::parse(Arc::clone(file)).ok().filter(|module| module.syntax_errors.is_empty())?;
    Some(for_file(&module, rule))
}

fn for_file(text: &impl Commented, rule: &Rule) -> Edit {
    let file = text.file();
    let first = text.first_statement().unwrap_or(TextSize::of(file.text()));
    let mut in_front = text.comments().iter().filter(|comment| comment.start() <= first);
    if let Some(end) = in_front.find_map(|comment| suppress::open_file_list(file, *comment)) {
        return Edit::new(Place::new(file, TextRange::empty(end)), format!(", {}", rule.code));
    }
    let text = file.text();
    let ending = line_ending(text);
    let above = (1..=file.line_count().min(MUST_BE_FIRST)).take_while(|line| must_be_first(file, *line)).last();
    let (at, text) = match above {
        Some(line) if line < file.line_count() => {
            (file.line_range(line + 1).start(), format!("# pyrelint: ignore-file[{}]{ending}", rule.code))
        }
        Some(_) => (TextSize::of(text), format!("{ending}# pyrelint: ignore-file[{}]", rule.code)),
        None => {
            let at = if text.starts_with('\u{feff}') { TextSize::of('\u{feff}') } else { TextSize::new(0) };
            (at, format!("# pyrelint: ignore-file[{}]{ending}", rule.code))
        }
    };
    Edit::new(Place::new(file, TextRange::empty(at)), text)
}

/// How many lines may have to come first.
const MUST_BE_FIRST: u32 = 3;

/// Whether a line means something only where it stands: `#!` in the first, Python's encoding in the second below a comment or nothing, the directives of
/// a Dockerfile in front of everything else.
fn must_be_first(file: &SourceFile, line: u32) -> bool {
    let text = |line: u32| file.slice(file.line_range(line)).trim_start_matches('\u{feff}').trim_start();
    let own = text(line);
    let is_encoding = line <= 2 && own.starts_with('#') && own.contains("coding") && matches!(text(1).chars().next(), None | Some('#'));
    let directive = own.strip_prefix('#').and_then(|rest| rest.split_once('='));
    let is_directive =
        directive.is_some_and(|(name, _)| matches!(name.trim().to_ascii_lowercase().as_str(), "syntax" | "escape" | "check"));
    // What stands above an encoding stays there.
    let above_encoding = line == 1 && (own.is_empty() || own.starts_with('#')) && file.line_count() > 1 && {
        let second = text(2);
        second.starts_with('#') && second.contains("coding")
    };
    line == 1 && own.starts_with("#!") || is_encoding || is_directive || above_encoding
}

/// A comment on a line, or more words in the list that is there.
fn comment_on(file: &Arc<SourceFile>, layout: &crate::module::Layout, line: u32, rules: &[&Rule], reason: Option<&str>) -> Edit {
    let range = file.line_range(line);
    let codes = rules.iter().map(|rule| rule.code).collect::<Vec<_>>().join(", ");
    let known = layout.comment_at(range.end()).and_then(|comment| suppress::open_list(file, comment));
    if let Some(end) = known {
        return Edit::new(Place::new(file, TextRange::empty(end)), format!(", {codes}"));
    }
    let text = file.slice(range);
    let at = range.start() + TextSize::of(text.trim_end());
    let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    let gone = TextRange::new(at, range.end());
    Edit::new(Place::new(file, gone), format!("  # pyrelint: ignore[{codes}]{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn a_file_is_silenced_below_the_lines_that_come_first() {
        let rule = RULES.iter().find(|rule| rule.code == "RL310").expect("a rule");
        let silenced = |text: &str| {
            let edit = add_for_file(&SourceFile::new("a.py", text), rule)?;
            let (start, end) = (edit.place.range.start().to_usize(), edit.place.range.end().to_usize());
            Some(format!("{}{}{}", &text[..start], edit.replacement, &text[end..]))
        };
        let comment = "# pyrelint: ignore-file[RL310]";
        for (before, after) in [
            ("", "exit()\n"),
            ("#!/usr/bin/python\n", "\"\"\"Text.\"\"\"\nexit()\n"),
            ("#!/usr/bin/python\n# -*- coding: utf-8 -*-\n", "# more\nexit()\n"),
            ("# encoding: utf-8\r\n", "exit()\r\n"),
            ("", "é = '''\n# coding\n'''\n"),
            ("", "\"\"\"\n# coding\n\"\"\"\nexit()\n"),
        ] {
            let ending = if after.contains("\r\n") { "\r\n" } else { "\n" };
            assert_eq!(silenced(&[before, after].concat()), Some([before, comment, ending, after].concat()), "{after:?}");
        }
        assert_eq!(silenced("#!/bin/python"), Some(format!("#!/bin/python\n{comment}")));
        let known = "'''Text.'''\n# pyrelint: ignore-file[RL1] reason\nexit()\n";
        assert_eq!(silenced(known), Some(known.replace("RL1]", "RL1, RL310]")));
        // Behind the first statement such a comment silences nothing.
        let late = "import os\n# pyrelint: ignore-file[RL1]\nexit()\n";
        assert_eq!(silenced(late), Some(format!("{comment}\n{late}")));
        assert_eq!(silenced("exit(\n"), None);
    }
}
