//! `pattern = "[A-Z]{2}"`: a small regular expression that a whole text must match. Letters, `.`,
//! classes, `\d \w \s` and their opposites, groups, `|`, `* + ?` and `{n}`, `{n,}`, `{n,m}`.
//!
//! No captures and no looking back, so the time is the length of the text times that of the pattern,
//! whatever the text; that is why it may be run on what strangers send.

/// A pattern that is ready to be matched.
#[derive(Clone, Debug)]
pub struct Pattern {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Letter(Class),
    Fork(usize, usize),
    Jump(usize),
    Match,
}

/// Ranges of letters, or all but them.
#[derive(Clone, Debug, PartialEq)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

#[derive(Clone, Debug)]
enum Tree {
    Letter(Class),
    Sequence(Vec<Tree>),
    Either(Vec<Tree>),
    Repeat { of: Box<Tree>, least: usize, most: Option<usize> },
}

/// Steps of a pattern: repetitions are written out, so they count.
const STEPS_MAX: usize = 2_000;
const REPEAT_MAX: usize = 200;
const GROUPS_MAX: usize = 20;

impl Pattern {
    /// Reads a pattern; the message of a refusal is for its author.
    pub fn new(source: &str) -> Result<Pattern, String> {
        let mut reader = Reader { rest: source.chars().peekable(), groups: 0 };
        let tree = reader.either()?;
        if reader.rest.next().is_some() {
            return Err("a bracket ) is not opened".to_owned());
        }
        let mut steps = Vec::new();
        write(&tree, &mut steps)?;
        steps.push(Step::Match);
        Ok(Pattern { steps })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut at = vec![false; self.steps.len()];
        self.enter(0, &mut at);
        for letter in text.chars() {
            let mut next = vec![false; self.steps.len()];
            for (place, _) in at.iter().enumerate().filter(|(_, here)| **here) {
                if let Some(Step::Letter(class)) = self.steps.get(place)
                    && class.holds(letter)
                {
                    self.enter(place + 1, &mut next);
                }
            }
            at = next;
        }
        at.last() == Some(&true)
    }

    /// Marks a step, and those reached from it without a letter.
    fn enter(&self, step: usize, at: &mut [bool]) {
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if std::mem::replace(&mut at[step], true) {
                continue;
            }
            match &self.steps[step] {
                Step::Fork(one, two) => open.extend([*one, *two]),
                Step::Jump(to) => open.push(*to),
                Step::Letter(_) | Step::Match => {}
            }
        }
    }
}

impl Class {
    fn holds(&self, letter: char) -> bool {
        let inside = self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter));
        inside != self.negated
    }
}

fn write(tree: &Tree, steps: &mut Vec<Step>) -> Result<(), String> {
    if steps.len() > STEPS_MAX {
        return Err("is too long when its repetitions are written out".to_owned());
    }
    match tree {
        Tree::Letter(class) => steps.push(Step::Letter(class.clone())),
        Tree::Sequence(parts) => {
            for part in parts {
                write(part, steps)?;
            }
        }
        Tree::Either(parts) => write_either(parts, steps)?,
        Tree::Repeat { of, least, most } => {
            for _ in 0..*least {
                write(of, steps)?;
            }
            match most {
                Some(most) => {
                    for _ in *least..*most {
                        write_optional(of, steps)?;
                    }
                }
                None => {
                    let start = steps.len();
                    write_optional(of, steps)?;
                    steps.push(Step::Jump(start));
                    steps[start] = Step::Fork(start + 1, steps.len());
                }
            }
        }
    }
    Ok(())
}

fn write_optional(of: &Tree, steps: &mut Vec<Step>) -> Result<(), String> {
    let start = steps.len();
    steps.push(Step::Match);
    write(of, steps)?;
    steps[start] = Step::Fork(start + 1, steps.len());
    Ok(())
}

fn write_either(parts: &[Tree], steps: &mut Vec<Step>) -> Result<(), String> {
    let Some((last, others)) = parts.split_last() else { return Ok(()) };
    let mut ends = Vec::new();
    for part in others {
        let start = steps.len();
        steps.push(Step::Match);
        write(part, steps)?;
        ends.push(steps.len());
        steps.push(Step::Match);
        steps[start] = Step::Fork(start + 1, steps.len());
    }
    write(last, steps)?;
    for end in ends {
        steps[end] = Step::Jump(steps.len());
    }
    Ok(())
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    groups: usize,
}

impl Reader<'_> {
    fn either(&mut self) -> Result<Tree, String> {
        let mut parts = vec![self.sequence()?];
        while self.rest.next_if_eq(&'|').is_some() {
            parts.push(self.sequence()?);
        }
        Ok(Tree::Either(parts))
    }

    fn sequence(&mut self) -> Result<Tree, String> {
        let mut parts = Vec::new();
        while let Some(letter) = self.rest.next_if(|letter| !matches!(letter, '|' | ')')) {
            let part = match letter {
                '(' => self.group()?,
                '[' => Tree::Letter(self.class()?),
                '.' => Tree::Letter(Class { negated: true, ranges: vec![] }),
                '\\' => Tree::Letter(self.escape()?),
                '*' | '+' | '?' | '{' => return Err(format!("{letter} has nothing to repeat")),
                // The whole text is matched anyway.
                '^' | '$' => continue,
                letter => Tree::Letter(Class { negated: false, ranges: vec![(letter, letter)] }),
            };
            parts.push(self.repeated(part)?);
        }
        Ok(Tree::Sequence(parts))
    }

    fn group(&mut self) -> Result<Tree, String> {
        self.groups += 1;
        if self.groups > GROUPS_MAX {
            return Err(format!("has more than {GROUPS_MAX} groups"));
        }
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next() != Some(':') {
            return Err("(?…) is not known, but (?:…)".to_owned());
        }
        let tree = self.either()?;
        match self.rest.next() {
            Some(')') => Ok(tree),
            _ => Err("a bracket ( is not closed".to_owned()),
        }
    }

    fn repeated(&mut self, of: Tree) -> Result<Tree, String> {
        let (least, most) =
            match self.rest.next_if(|letter| matches!(letter, '*' | '+' | '?' | '{')) {
                None => return Ok(of),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some(_) => self.counts()?,
            };
        if least > REPEAT_MAX || most.is_some_and(|most| most > REPEAT_MAX || most < least) {
            return Err(format!("{{n,m}} goes up to {REPEAT_MAX}, and n is not above m"));
        }
        let repeated = Tree::Repeat { of: Box::new(of), least, most };
        match self.rest.peek() {
            Some('*' | '+' | '?' | '{') => Err("is repeated twice".to_owned()),
            _ => Ok(repeated),
        }
    }

    fn counts(&mut self) -> Result<(usize, Option<usize>), String> {
        let mut inside = String::new();
        while let Some(letter) = self.rest.next_if(|letter| *letter != '}') {
            inside.push(letter);
        }
        if self.rest.next().is_none() {
            return Err("a brace { is not closed".to_owned());
        }
        let number = |text: &str| {
            text.parse::<usize>()
                .map_err(|_| format!("{{{inside}}} is not {{n}}, {{n,}} or {{n,m}}"))
        };
        Ok(match inside.split_once(',') {
            None => (number(&inside)?, Some(number(&inside)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        })
    }

    fn class(&mut self) -> Result<Class, String> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let from = match self.rest.next() {
                None => return Err("a bracket [ is not closed".to_owned()),
                Some(']') if ranges.is_empty() => return Err("[] holds no letters".to_owned()),
                Some(']') => return Ok(Class { negated, ranges }),
                Some('\\') => {
                    let class = self.escape()?;
                    match class.ranges.as_slice() {
                        [(from, to)] if from == to && !class.negated => *from,
                        _ if class.negated => {
                            return Err("\\D, \\W and \\S are not known in [ ]".into());
                        }
                        _ => {
                            ranges.extend(class.ranges);
                            continue;
                        }
                    }
                }
                Some(letter) => letter,
            };
            ranges.push((from, self.range_end(from)?));
        }
    }

    /// The letter after a dash, or the same letter when no range follows.
    fn range_end(&mut self, from: char) -> Result<char, String> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.peek(), None | Some(']')) {
            return Ok(from);
        }
        self.rest.next();
        let to = match self.rest.next() {
            Some('\\') => self.rest.next(),
            to => to,
        };
        match to {
            Some(to) if from <= to => Ok(to),
            _ => Err(format!("the range from {from} has no end after it")),
        }
    }

    fn escape(&mut self) -> Result<Class, String> {
        let letter = self.rest.next().ok_or("ends with a single \\")?;
        let ranges = match letter.to_ascii_lowercase() {
            'd' => vec![('0', '9')],
            'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
            's' => vec![(' ', ' '), ('\t', '\r')],
            _ if letter.is_ascii_alphanumeric() => return Err(format!("\\{letter} is not known")),
            _ => return Ok(Class { negated: false, ranges: vec![(letter, letter)] }),
        };
        Ok(Class { negated: letter.is_ascii_uppercase(), ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn what_matches() {
        for (pattern, yes, no) in [
            ("[A-Z]{2}", vec!["FR", "DE"], vec!["F", "FRA", "fr", ""]),
            ("", vec![""], vec!["a"]),
            ("a*", vec!["", "aaa"], vec!["b"]),
            ("(ab|c)+", vec!["ab", "cab", "ccc"], vec!["", "a", "abd"]),
            (r"\d{2,4}", vec!["12", "1234"], vec!["1", "12345", "ab"]),
            (r"\d{2,}", vec!["12", "123456"], vec!["1"]),
            (r"^[\w.-]+@[\w-]+\.[a-z]+$", vec!["a.b@c-d.org"], vec!["a@b", "@b.c"]),
            ("a|", vec!["a", ""], vec!["b"]),
            ("[^0-9]+", vec!["ab"], vec!["a1", ""]),
            ("(a*)*b", vec!["b", "aaab"], vec!["a"]),
            ("é?x", vec!["éx", "x"], vec!["é"]),
            ("(?:x|y){2}", vec!["xy"], vec!["x"]),
        ] {
            let matcher = Pattern::new(pattern).unwrap();
            yes.iter().for_each(|text| assert!(matcher.matches(text), "{pattern} {text}"));
            no.iter().for_each(|text| assert!(!matcher.matches(text), "{pattern} {text}"));
        }
    }

    #[test]
    fn what_is_refused() {
        for pattern in [
            "(", ")", "[", "[]", "*", "a**", "a{2", "a{x}", "a{3,2}", "a{999}", "\\", "\\q",
            "(?=a)", "[z-a]",
        ] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::new("((a{200}){200}){200}").is_err());
    }

    #[test]
    fn time_does_not_explode() {
        let matcher = Pattern::new("(a*)*(a*)*c").unwrap();
        assert!(!matcher.matches(&"a".repeat(10_000)));
    }
}
