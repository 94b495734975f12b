//! The pages of the rules as HTML. They are our own text, in Markdown; nothing of analyzed files goes through here.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use pyrelint_lints::{RULES, Rule};

/// A rule's page without its title. Links to other rules lead to their pages where those are in `linked`, links to other sites stay, and
/// all else is plain text.
pub(super) fn to_html(page: &str, linked: &[&Rule]) -> String {
    let body = page.split_once('\n').map_or("", |(_, body)| body);
    let mut open = Vec::new();
    let events = Parser::new_ext(body, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Heading { id, classes, attrs, .. }) => {
            Some(Event::Start(Tag::Heading { level: HeadingLevel::H4, id, classes, attrs }))
        }
        Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(HeadingLevel::H4))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let target = target(&dest_url, linked);
            open.push(target.is_some());
            target.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => open.pop().unwrap_or_default().then_some(Event::End(TagEnd::Link)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        other => Some(other),
    });
    let mut text = String::with_capacity(page.len() * 2);
    html::push_html(&mut text, events);
    text
}

/// Where a link leads in the report.
fn target(url: &str, linked: &[&Rule]) -> Option<CowStr<'static>> {
    if url.starts_with("https://") {
        return Some(url.to_owned().into());
    }
    let name = url.rsplit('/').next()?.split('#').next()?.strip_suffix(".md")?.replace('_', "-");
    let rule = RULES.iter().find(|rule| rule.name == name)?;
    linked.iter().any(|known| known.code == rule.code).then(|| format!("#rule-{}", rule.code).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_html() {
        let page = "# x\n\nA <b> [in](del_io.md), [out](https://x.org), [no](site_exit.md).\n\n## H\n";
        let linked: Vec<&Rule> = RULES.iter().copied().filter(|rule| rule.code == "RL101").collect();
        let expected = "<p>A &lt;b&gt; <a href=\"#rule-RL101\">in</a>, <a href=\"https://x.org\">out</a>, no.</p>\n<h4>H</h4>\n";
        assert_eq!(to_html(page, &linked), expected);
    }
}
