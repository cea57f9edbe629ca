//! Python's way of printing a dict, as JSON: what `DataFrame.to_csv` writes for a JSON column.

/// Single quotes become double ones, `None`, `True` and `False` their JSON words, tuples lists. Other text is kept, so the result may be
/// invalid JSON.
pub(super) fn to_json(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 8);
    let mut rest = text.chars();
    let mut word = String::new();
    while let Some(next) = rest.next() {
        if next.is_ascii_alphabetic() {
            word.push(next);
            continue;
        }
        end_word(&mut word, &mut json);
        match next {
            '\'' | '"' => string(next, &mut rest, &mut json),
            '(' => json.push('['),
            ')' => json.push(']'),
            other => json.push(other),
        }
    }
    end_word(&mut word, &mut json);
    json
}

fn end_word(word: &mut String, json: &mut String) {
    json.push_str(match word.as_str() {
        "None" | "nan" => "null",
        "True" => "true",
        "False" => "false",
        other => other,
    });
    word.clear();
}

/// Copies a string up to its closing quote, with JSON's quotes and escapes.
fn string(quote: char, rest: &mut std::str::Chars<'_>, json: &mut String) {
    json.push('"');
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('\'') => json.push('\''),
                Some(escaped) => json.extend(['\\', escaped]),
                None => break,
            },
            '"' if quote != '"' => json.push_str("\\\""),
            end if end == quote => break,
            other => json.push(other),
        }
    }
    json.push('"');
}
