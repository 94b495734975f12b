//! The comments that silence findings.
//!
//! `# pyrelint: ignore[RL101, del-io] reason` on any line of a simple statement, or of a compound statement's header, or alone
//! on the line before; `# pyrelint: ignore-file[...]` in front of the first statement; `# noqa: RL101` as in flake8 and Ruff. Without a
//! list all rules are silenced. A comment may hold several of them, each behind its own `#`. In files that are no Python the same words
//! stand behind that format's sign of a comment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ruff_text_size::{TextRange, TextSize};
use smallvec::SmallVec;

use crate::context::Findings;
use crate::diagnostic::{Fix, Place};
use crate::fix::ignores;
use crate::module::Module;
use crate::module::ir::{StmtId, StmtKind};
use crate::rules::run::{invalid_ignore, unused_ignore};
use crate::rules::{RuleSet, Selector};
use crate::source::SourceFile;

/// The suppression comments of a file.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    comments: Vec<Comment>,
    /// What is wrong with comments: where, and the message.
    invalid: Vec<(TextRange, String)>,
    /// Comments that name a rule's former name: where, and the message.
    former: Vec<(TextRange, String)>,
}

/// A text with comments.
pub(crate) trait Commented {
    /// The text.
    fn file(&self) -> &Arc<SourceFile>;

    /// Its comments, from their signs to the ends of their lines.
    fn comments(&self) -> &[TextRange];

    /// What a comment starts with.
    fn signs(&self) -> &'static [char] {
        &['#']
    }

    /// The lines of the simple statements of one logical line, or of the compound statement's header, that a line belongs to.
    fn extent(&self, line: u32) -> (u32, u32);

    /// Where the first statement starts, docstrings aside.
    fn first_statement(&self) -> Option<TextSize>;

    /// Whether a line holds no code.
    fn is_blank(&self, line: &str) -> bool {
        let text = line.trim_start();
        text.is_empty() || text.starts_with(self.signs())
    }
}

impl Commented for Module {
    fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    fn comments(&self) -> &[TextRange] {
        &self.comments
    }

    fn extent(&self, line: u32) -> (u32, u32) {
        extent(self, line)
    }

    fn first_statement(&self) -> Option<TextSize> {
        let first = self.body().iter().find(|stmt| !is_docstring(self, **stmt))?;
        Some(self.stmt(*first).range.start())
    }
}

/// One directive.
#[derive(Debug)]
struct Comment {
    /// The whole comment, which may hold more.
    token: TextRange,
    /// The directive, without its `#`.
    range: TextRange,
    /// The list in it.
    list: Option<TextRange>,
    /// The lines that it silences; `None` is the whole file.
    lines: Option<(u32, u32)>,
    /// The rules, each with its place; empty for all rules.
    rules: Vec<(RuleSet, TextRange, String)>,
    /// Whether it is `noqa`, which belongs to other tools, too.
    noqa: bool,
}

/// A directive as it is written.
struct Directive<'a> {
    noqa: bool,
    file: bool,
    /// The list with the offset of its start in the comment.
    list: Option<(usize, &'a str)>,
}

impl Suppressions {
    /// Reads the comments of a text.
    pub(crate) fn read(text: &impl Commented) -> Self {
        let mut found = Self::default();
        let file = text.file();
        let mut extents = Extents { text, code: None };
        for comment in text.comments() {
            let mut offset = 0;
            for segment in file.slice(*comment).split('#') {
                let start = offset;
                offset += segment.len() + 1;
                let sign = |letter: char| letter.is_whitespace() || start == 0 && text.signs().contains(&letter);
                let trimmed = segment.trim_start_matches(sign);
                let at = comment.start() + TextSize::new((start + segment.len() - trimmed.len()) as u32);
                let trimmed = trimmed.trim_end();
                match directive(trimmed) {
                    Ok(Some(directive)) => found.add(&mut extents, *comment, TextRange::at(at, TextSize::of(trimmed)), &directive),
                    Ok(None) => {}
                    Err(message) => found.invalid.push((TextRange::at(at, TextSize::of(trimmed)), message.to_owned())),
                }
            }
        }
        found
    }

    fn add<T: Commented>(&mut self, extents: &mut Extents<'_, T>, comment: TextRange, range: TextRange, directive: &Directive<'_>) {
        let text = extents.text;
        let mut rules = Vec::new();
        if let Some((start, list)) = directive.list {
            let mut known = BTreeSet::new();
            // What is there twice says nothing more.
            for (at, word) in words(list).filter(|(_, word)| known.insert(*word)) {
                let place = TextRange::at(range.start() + TextSize::new((start + at) as u32), TextSize::of(word));
                match Selector::parse(word) {
                    Some(Selector::Former(rule)) => {
                        self.former.push((place, format!("`{word}` is a former name of `{}`", rule.name)));
                        rules.push((Selector::Former(rule).rules(), place, word.to_owned()));
                    }
                    // The codes of other tools are theirs.
                    Some(_) | None if directive.noqa && !is_code(word) => {}
                    Some(selector) => rules.push((selector.rules(), place, word.to_owned())),
                    None => self.invalid.push((place, format!("`{word}` in this suppression is no rule, so it silences nothing"))),
                }
            }
            if rules.is_empty() {
                return;
            }
        }
        let line = text.file().line(comment.start());
        let lines = if directive.file {
            if text.first_statement().is_some_and(|first| first < comment.start()) {
                self.invalid.push((range, "`ignore-file` silences nothing here: it belongs in front of the first statement".to_owned()));
                return;
            }
            None
        } else {
            Some(extents.of(comment, line))
        };
        let list = directive.list.map(|(at, text)| TextRange::at(range.start() + TextSize::new(at as u32), TextSize::of(text)));
        self.comments.push(Comment { token: comment, range, list, lines, rules, noqa: directive.noqa });
    }

    /// Takes out the findings that are silenced, and reports what is wrong with the comments themselves.
    pub(crate) fn apply(self, file: &Arc<SourceFile>, ran: RuleSet, findings: &mut Findings<'_>) {
        let mut silenced = Silenced::new(&self.comments);
        findings.diagnostics.retain(|diagnostic| !silenced.take(diagnostic.rule, file.line(diagnostic.place.range.start())));
        let mut about: Vec<(&'static crate::rules::Rule, TextRange, String, Option<Fix>)> = Vec::new();
        about
            .extend(self.invalid.iter().chain(&self.former).map(|(range, message)| (&invalid_ignore::META, *range, message.clone(), None)));
        for comment in &self.comments {
            about.extend(
                unused(comment, silenced.reported(comment), ran)
                    .map(|(range, message)| (&unused_ignore::META, range, message, Some(comment.removal(file, range)))),
            );
        }
        for (rule, range, message, fix) in about {
            // A comment may silence these two rules as well, if it says so by name.
            if !silenced.names(rule, file.line(range.start())) {
                findings.report(rule, message, Place::new(file, range)).help(help(rule)).fix(fix);
            }
        }
    }
}

/// The lines that comments speak of, each looked for once.
struct Extents<'a, T> {
    text: &'a T,
    /// Where a comment that stands alone was last, and the next line with code, if any.
    code: Option<(u32, Option<u32>)>,
}

impl<T: Commented> Extents<'_, T> {
    /// The lines that a comment speaks of: those around its own, or, where it stands alone, around the next one with code. Comments come in order.
    fn of(&mut self, comment: TextRange, line: u32) -> (u32, u32) {
        let file = self.text.file();
        let before = TextRange::new(file.line_range(line).start(), comment.start());
        if !file.slice(before).trim().is_empty() {
            return self.text.extent(line);
        }
        let code = match self.code {
            Some((from, code)) if from <= line && code.is_none_or(|code| line < code) => code,
            _ => (line + 1..=file.line_count()).find(|line| !self.text.is_blank(file.slice(file.line_range(*line)))),
        };
        self.code = Some((line, code));
        self.text.extent(code.unwrap_or(line))
    }
}

/// What the comments silence that speak of the same lines.
#[derive(Default)]
struct Group {
    /// The rules that are named.
    named: RuleSet,
    /// Whether one of the comments names none, which means all.
    bare: bool,
    /// The rules that report something on these lines.
    reported: RuleSet,
}

/// What is silenced where.
#[derive(Default)]
struct Silenced {
    groups: Vec<Group>,
    /// The groups by the lines that their comments speak of; `None` is the whole file.
    by_lines: BTreeMap<Option<(u32, u32)>, usize>,
    /// The groups that speak of a line, whole files aside.
    by_line: BTreeMap<u32, Vec<usize>>,
}

impl Silenced {
    fn new(comments: &[Comment]) -> Self {
        let mut silenced = Self::default();
        for comment in comments {
            let next = silenced.groups.len();
            let group = *silenced.by_lines.entry(comment.lines).or_insert(next);
            if group == next {
                silenced.groups.push(Group::default());
                let (first, last) = comment.lines.unwrap_or((1, 0));
                (first..=last).for_each(|line| silenced.by_line.entry(line).or_default().push(group));
            }
            let group = &mut silenced.groups[group];
            group.bare |= comment.rules.is_empty();
            group.named = comment.rules.iter().fold(group.named, |all, (rules, ..)| all.union(*rules));
        }
        silenced
    }

    fn at(&self, line: u32) -> impl Iterator<Item = usize> {
        self.by_lines.get(&None).into_iter().chain(self.by_line.get(&line).into_iter().flatten()).copied()
    }

    /// Whether a finding is silenced; notes it for the comments that do so.
    fn take(&mut self, rule: &crate::rules::Rule, line: u32) -> bool {
        let groups: SmallVec<[usize; 2]> = self.at(line).collect();
        let mut silenced = false;
        for group in groups {
            let group = &mut self.groups[group];
            group.reported.insert(rule);
            silenced |= group.bare || group.named.contains(rule);
        }
        silenced
    }

    /// The rules that report something where a comment speaks.
    fn reported(&self, comment: &Comment) -> RuleSet {
        self.by_lines.get(&comment.lines).map_or(RuleSet::EMPTY, |group| self.groups[*group].reported)
    }

    /// Whether a comment that speaks of a line names a rule.
    fn names(&self, rule: &crate::rules::Rule, line: u32) -> bool {
        self.at(line).any(|group| self.groups[group].named.contains(rule))
    }
}

impl Comment {
    /// The fix that takes out what silences nothing: a word of the list, or the directive.
    fn removal(&self, file: &Arc<SourceFile>, unused: TextRange) -> Fix {
        let edit = match self.list {
            Some(list) if unused != self.range => {
                // Behind the codes of `noqa` prose may follow.
                let keeps =
                    |word: &str| !self.noqa || word.ends_with(|last: char| last.is_ascii_digit()) && word.starts_with(char::is_alphabetic);
                ignores::without_word(file, self.token, self.range, list, unused, keeps)
            }
            _ => ignores::without_directive(file, self.token, self.range),
        };
        Fix::safe("Remove the unused suppression", vec![edit])
    }
}

/// What of a comment silenced nothing although its rules ran.
fn unused<'a>(comment: &'a Comment, reported: RuleSet, ran: RuleSet) -> Box<dyn Iterator<Item = (TextRange, String)> + 'a> {
    if comment.rules.is_empty() {
        // `# noqa` is meant for other tools as well.
        let judged = !comment.noqa && RuleSet::defaults().without(ran).is_empty();
        let found = (judged && reported.is_empty())
            .then(|| (comment.range, "This suppression silences nothing: no rule reports anything here".to_owned()));
        return Box::new(found.into_iter());
    }
    Box::new(
        comment
            .rules
            .iter()
            .filter(move |(rules, ..)| {
                // A rule about suppressions is judged by nobody.
                let own: RuleSet = [&unused_ignore::META, &invalid_ignore::META].into_iter().collect();
                // One that reports nothing here is named for nothing.
                let used = rules.without(reported) != *rules;
                !used && !rules.is_empty() && rules.without(ran).is_empty() && !rules.without(own).is_empty()
            })
            .map(|(_, range, word)| (*range, format!("`{word}` in this suppression silences nothing: the rule reports nothing here"))),
    )
}

fn help(rule: &crate::rules::Rule) -> &'static str {
    if rule.code == unused_ignore::META.code { "remove it" } else { "`pyrelint rules` lists the codes and names" }
}

/// Reads one segment of a comment. `Ok(None)` where it is none of ours.
fn directive(text: &str) -> Result<Option<Directive<'_>>, &'static str> {
    // The spellings that are in use; those of the trigger words.
    if let Some(rest) = ["noqa", "NOQA", "NoQA"].iter().find_map(|word| text.strip_prefix(word)) {
        let list = rest.trim_start().strip_prefix(':').map(|list| (text.len() - list.len(), list));
        let bare = rest.is_empty() || rest.starts_with(char::is_whitespace);
        return Ok((list.is_some() || bare).then_some(Directive { noqa: true, file: false, list }));
    }
    let Some(rest) = text.strip_prefix("pyrelint:") else { return Ok(None) };
    let rest = rest.trim_start();
    let (file, tail) = match (rest.strip_prefix("ignore-file"), rest.strip_prefix("ignore")) {
        (Some(tail), _) => (true, tail),
        (None, Some(tail)) => (false, tail),
        (None, None) => return Ok(None),
    };
    let tail = tail.trim_start();
    if let Some(list) = tail.strip_prefix('[') {
        let Some(end) = list.find(']') else { return Err("This suppression silences nothing: the bracket is not closed") };
        if list[..end].trim().is_empty() {
            return Err("This suppression silences nothing: its list is empty");
        }
        return Ok(Some(Directive { noqa: false, file, list: Some((text.len() - list.len(), &list[..end])) }));
    }
    if tail.starts_with([':', '=', '(', '-', '_']) || tail.starts_with(|next: char| next.is_alphanumeric()) && tail.len() == text.len() {
        return Err("This suppression silences nothing: the rules belong in brackets, as in `ignore[RL101]`");
    }
    Ok(Some(Directive { noqa: false, file, list: None }))
}

/// Where words can be added to the list of a suppression that a comment holds: before its bracket.
pub(crate) fn open_list(file: &SourceFile, comment: TextRange) -> Option<TextSize> {
    end_of_list(file, comment, false)
}

/// The same for the list of a suppression of a whole file.
pub(crate) fn open_file_list(file: &SourceFile, comment: TextRange) -> Option<TextSize> {
    end_of_list(file, comment, true)
}

fn end_of_list(file: &SourceFile, comment: TextRange, whole: bool) -> Option<TextSize> {
    let mut start = comment.start();
    for segment in file.slice(comment).split('#') {
        let trimmed = segment.trim_start();
        let at = start + TextSize::of(&segment[..segment.len() - trimmed.len()]);
        start += TextSize::of(segment) + TextSize::new(1);
        if let Ok(Some(Directive { noqa: false, file, list: Some((offset, list)) })) = directive(trimmed.trim_end())
            && file == whole
        {
            return Some(at + TextSize::new((offset + list.trim_end().len()) as u32));
        }
    }
    None
}

/// The words of a list, with their offsets.
pub(crate) fn words(list: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = list.as_ptr() as usize;
    list.split([',', ' ', '\t']).filter(|word| !word.is_empty()).map(move |word| (word.as_ptr() as usize - base, word))
}

/// Whether a word of `noqa` is one of our codes or prefixes.
fn is_code(word: &str) -> bool {
    word.strip_prefix("RL").is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_docstring(module: &Module, stmt: StmtId) -> bool {
    matches!(&module.stmt(stmt).kind, StmtKind::Expr(value) if matches!(module.kind(*value), crate::module::ir::ExprKind::Str(_)))
}

/// The lines of the simple statements of one logical line, or of the compound statement's header, that a line belongs to.
pub(crate) fn extent(module: &Module, line: u32) -> (u32, u32) {
    let extents = module.extents.get_or_init(|| extents(module));
    extents.get(line as usize).copied().filter(|(first, _)| *first != 0).unwrap_or((line, line))
}

/// For each line, by its number, the lines of the shortest logical line (simple statements with semicolons between, or a header) that it belongs to; zeros where it belongs to none.
fn extents(module: &Module) -> Box<[(u32, u32)]> {
    let file = &module.file;
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut logical: Option<usize> = None;
    let mut stmts = module.stmts().peekable();
    while let Some((id, stmt)) = stmts.next() {
        let first = file.line(stmt.range.start());
        let inner = first_inner(module, id, stmts.peek().map(|(next, _)| *next));
        let Some(inner) = inner else {
            // What stands behind a semicolon belongs to the same logical line.
            match logical {
                Some(known) if first <= ranges[known].1 => ranges[known].1 = file.line(stmt.range.end()).max(ranges[known].1),
                _ => {
                    logical = Some(ranges.len());
                    ranges.push((first, file.line(stmt.range.end())));
                }
            }
            continue;
        };
        logical = None;
        ranges.push((first, file.line(module.stmt(inner).range.start()).saturating_sub(1).max(first)));
    }
    ranges.sort_by_key(|(first, last)| last - first);
    let count = file.line_count() as usize;
    let mut extents = vec![(0, 0); count + 1].into_boxed_slice();
    // From each line the way to the next one that has none yet: each line is visited once, however statements lie in each other.
    let mut next: Vec<u32> = (0..=count as u32 + 1).collect();
    for (first, last) in ranges {
        let mut line = free(&mut next, first);
        while line <= last && (line as usize) <= count {
            extents[line as usize] = (first, last);
            next[line as usize] = line + 1;
            line = free(&mut next, line);
        }
    }
    extents
}

/// The first line from here on that has no extent yet; shortens the way there for those who come next.
fn free(next: &mut [u32], line: u32) -> u32 {
    let mut end = line as usize;
    while end < next.len() && next[end] as usize != end {
        end = next[end] as usize;
    }
    let mut at = line as usize;
    while at < end && at < next.len() {
        at = std::mem::replace(&mut next[at], end as u32) as usize;
    }
    end as u32
}

/// The first statement in a compound statement's body.
fn first_inner(module: &Module, id: StmtId, next: Option<StmtId>) -> Option<StmtId> {
    match &module.stmt(id).kind {
        StmtKind::If { branches } => branches.first().and_then(|branch| branch.body.first()).copied(),
        StmtKind::While { body, .. } | StmtKind::For { body, .. } | StmtKind::With { body, .. } | StmtKind::Try { body, .. } => {
            body.first().copied()
        }
        StmtKind::Match { cases, .. } => cases.first().and_then(|case| case.body.first()).copied(),
        StmtKind::Function(function) => module.function_block(*function).first().copied(),
        StmtKind::Class(class) => {
            let range = module.class(*class).range;
            // The body's statements follow the class.
            next.filter(|next| range.contains_range(module.stmt(*next).range))
        }
        _ => None,
    }
}
