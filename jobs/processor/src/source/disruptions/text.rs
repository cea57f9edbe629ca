//! Converts messages to one line of plain text. Messages are HTML or plain text, sometimes with entities that were encoded twice.
//!
//! `<br>`, `<p>` and other block elements become a space; sequences of white space become one space.

/// Elements that separate words.
const BLOCKS: [&str; 33] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];
/// Other elements that occur in messages.
const INLINE: [&str; 61] = [
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "body", "button", "caption", "cite", "code", "col",
    "colgroup", "del", "dfn", "em", "embed", "font", "form", "head", "html", "i", "iframe", "img", "input", "ins",
    "kbd", "label", "link", "mark", "meta", "o", "object", "option", "path", "picture", "q", "s", "samp", "select",
    "small", "source", "span", "strike", "strong", "sub", "sup", "svg", "tbody", "textarea", "tfoot", "thead", "time",
    "title", "tt", "u", "var", "video", "wbr",
];
/// Elements whose content is not text.
const SILENT: [&str; 2] = ["script", "style"];
/// Maximum number of decoding rounds. A chain of `&amp;amp;…` is decoded in one round; further rounds find tags in decoded text.
const ROUNDS: usize = 4;
/// Longest entity name, bytes.
const LONGEST_ENTITY: usize = 40;

/// The visible text of a message.
#[must_use]
pub(crate) fn plain(raw: &str) -> String {
    let mut text = raw.to_owned();
    for _ in 0..ROUNDS {
        let next = decode(&without_tags(&text));
        if next == text {
            break;
        }
        text = next;
    }
    collapse(&text)
}

/// Replaces white space by single spaces and drops zero-width characters.
fn collapse(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut gap = false;
    for letter in text.chars() {
        if is_invisible(letter) {
            continue;
        }
        // A control character separates, as a line break does.
        if letter.is_whitespace() || letter.is_control() {
            gap = true;
            continue;
        }
        if gap && !plain.is_empty() {
            plain.push(' ');
        }
        gap = false;
        plain.push(letter);
    }
    // The text is kept for the whole run: release the space of the removed tags.
    plain.shrink_to_fit();
    plain
}

/// Zero-width spaces and joiners, BOMs, soft hyphens, direction marks.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
}

/// Removes tags. Text that only resembles a tag stays: `a < b` unchanged, `<RER>` as its word.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut closes = true;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        let tail = &rest[at..];
        // If one comment is not closed, none of the following ones is; searching again would be quadratic.
        if closes && let Some(comment) = tail.strip_prefix("<!--") {
            if let Some(end) = comment.find("-->") {
                rest = &comment[end + 3..];
                continue;
            }
            closes = false;
        }
        let Some(tag) = Tag::at(tail) else {
            plain.push('<');
            rest = &tail[1..];
            continue;
        };
        rest = &tail[tag.len..];
        if SILENT.contains(&tag.name.as_str()) {
            if !tag.closes {
                rest = after_closing(rest, &tag.name);
            }
        } else if BLOCKS.contains(&tag.name.as_str()) {
            plain.push(' ');
        } else if !INLINE.contains(&tag.name.as_str()) && !tag.name.is_empty() {
            plain.push_str(tag.words);
        }
    }
    plain.push_str(rest);
    plain
}

/// The text after the closing tag of an element; empty if it is never closed.
fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at..];
        if let Some(tag) = Tag::at(rest)
            && tag.name == name
        {
            return &rest[tag.len..];
        }
        rest = &rest[2..];
    }
    ""
}

/// A tag at the start of a text.
struct Tag<'a> {
    /// Element name in lower case; empty for a declaration.
    name: String,
    /// Whether it is a closing tag.
    closes: bool,
    /// The text between the brackets if it is words, without attributes or a namespaced name (`o:p`).
    words: &'a str,
    len: usize,
}

impl<'a> Tag<'a> {
    fn at(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix('<')?;
        let body = inner.strip_prefix('/').unwrap_or(inner);
        let closes = body.len() < inner.len();
        let first = body.chars().next()?;
        if !(first.is_alphabetic() || matches!(first, '!' | '?') && !body.starts_with("!--")) {
            return None;
        }
        let end = closing_bracket(body)?;
        let name: String = body.chars().take_while(|letter| letter.is_alphanumeric()).collect();
        let words = if closes || body[..end].contains(['=', ':']) { "" } else { body[..end].trim_end_matches('/') };
        Some(Self { name: name.to_lowercase(), closes, words, len: 1 + usize::from(closes) + end + 1 })
    }
}

/// End of the tag: the first `>` outside quoted attribute values; if none precedes the next tag, the first one inside them.
fn closing_bracket(body: &str) -> Option<usize> {
    let (mut quote, mut value_next, mut quoted) = (None, false, None);
    for (at, letter) in body.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), '>') => quoted = quoted.or(Some(at)),
            // A quote opens a value only after `=`; a French apostrophe does not.
            (None, '"' | '\'') if value_next => quote = Some(letter),
            (None, '>') => return Some(at),
            (None, '<') => return quoted,
            _ => {}
        }
        if !letter.is_whitespace() {
            value_next = letter == '=';
        }
    }
    quoted
}

/// Decodes one level of entities, and every chain of `&amp;` before it.
fn decode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        loop {
            match entity(rest) {
                // An ampersand may begin an entity of the next level.
                Some((decoded, len)) if decoded == "&" => rest = &rest[len..],
                Some((decoded, len)) => {
                    plain.push_str(&decoded);
                    rest = &rest[len..];
                    break;
                }
                None => {
                    plain.push('&');
                    break;
                }
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The entity at the start of the text, after its `&`: its decoded text, and the length of its name with the `;`.
fn entity(text: &str) -> Option<(String, usize)> {
    if let Some(number) = text.strip_prefix('#') {
        return numeric(number).map(|(letter, len)| (letter.map(String::from).unwrap_or_default(), len + 1));
    }
    // `&nbsp` without `;` is common and unambiguous.
    if text.starts_with("nbsp") && !text.starts_with("nbsp;") {
        return Some((" ".to_owned(), 4));
    }
    let end = text.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')?;
    let name = &text[..end];
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let whole = format!("&{name};");
    let decoded = html_escape::decode_html_entities(&whole);
    (decoded != whole.as_str()).then(|| (decoded.into_owned(), end + 1))
}

/// A numeric entity, decimal or hexadecimal, with or without `;`. The inner `None` is a number that is not a character.
fn numeric(text: &str) -> Option<(Option<char>, usize)> {
    let (digits, radix, prefix) = match text.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 1),
        None => (text, 10, 0),
    };
    let count = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if count == 0 {
        return None;
    }
    let semicolon = usize::from(digits.as_bytes().get(count) == Some(&b';'));
    let number = u32::from_str_radix(&digits[..count], radix).unwrap_or(u32::MAX);
    Some((character(number), prefix + count + semicolon))
}

/// As browsers do, 128 to 159 are read as Windows-1252.
fn character(number: u32) -> Option<char> {
    const WINDOWS: [char; 32] = [
        '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘', '’', '“', '”', '•',
        '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
    ];
    match number {
        0 => None,
        128..=159 => usize::try_from(number - 128).ok().and_then(|at| WINDOWS.get(at).copied()),
        _ => char::from_u32(number),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn tags_are_removed_and_blocks_become_a_space() {
        assert_eq!(plain("<p>Trafic<br>interrompu.</p><p>Bus</p>"), "Trafic interrompu. Bus");
        assert_eq!(plain("Trafic <strong>inter</strong>rompu"), "Trafic interrompu");
        assert_eq!(plain("<a href='http://a.fr?x=1>2'>Plus d'infos</a>"), "Plus d'infos");
        assert_eq!(plain("a<!-- rien > -->b<style>p { x: y }</style>c"), "abc");
    }

    #[test]
    fn text_that_resembles_a_tag_is_kept() {
        assert_eq!(plain("Direction Sartrouville <RER>."), "Direction Sartrouville RER.");
        assert_eq!(plain("si a < b, ou <"), "si a < b, ou <");
        assert_eq!(plain("Paris <-> Creil"), "Paris <-> Creil");
        assert_eq!(plain("Souterrain <nord"), "Souterrain <nord");
        assert_eq!(plain("a <!-- b <b>c</b>"), "a <!-- b c");
        assert_eq!(plain("<p title='jamais>fermé<br>suite"), "fermé suite");
    }

    #[test]
    fn entities_of_every_kind_are_decoded() {
        assert_eq!(plain("P&#233;riode : &#xE0; partir de 21h10&nbsp;&rsquo;&#146;"), "Période : à partir de 21h10 ’’");
        assert_eq!(plain("&#233t&#xe9 &nbsp fin"), "été fin");
        assert_eq!(plain("R&D & co &inconnu; &"), "R&D & co &inconnu; &");
        assert_eq!(plain("&#0;&#x110000;&#99999999999;x"), "x");
    }

    #[test]
    fn doubly_encoded_text_is_decoded_completely() {
        assert_eq!(plain("&amp;nbsp;&amp;#8203;&amp;amp;eacute;&amp;amp;amp;amp;#233;"), "éé");
        assert_eq!(plain("&lt;p&gt;Bonjour&lt;/p&gt; &amp;lt;br&amp;gt;toi"), "Bonjour toi");
        assert_eq!(plain("&#38;#38;amp;"), "&");
    }

    #[test]
    fn malformed_markup_takes_linear_time() {
        for part in ["<a", "<!--", "&amp;", "&#38;", "<a='", "</", "<style>", "&lt;"] {
            let raw = part.repeat(100_000);
            assert!(plain(&raw).len() <= raw.len(), "{part}");
        }
    }

    #[test]
    fn zero_width_characters_are_dropped_and_white_space_is_one_space() {
        assert_eq!(plain("\u{FEFF}a&#8203;b\u{AD}c\u{200D}d\u{2060}&shy;e"), "abcde");
        assert_eq!(plain("  a\u{A0}\u{202F}\r\n\tb&#160; &#8239;c "), "a b c");
        assert_eq!(plain("<p>&#8203;</p><p>&nbsp;</p>"), "");
    }
}
