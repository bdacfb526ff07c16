//! Fonts: where they are, which are taken for which script, what a language lacks. A company's own
//! fonts come first; then those of the system, by a fixed list, so that the same data give the same
//! sheet on each machine with the same fonts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fondaco_schema::template::Template;
use krilla::text::Font;
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{FontContext, LayoutContext};

use crate::Error;
use crate::shape::Shaper;

/// A script, and fonts that have it.
#[derive(Clone, Copy, Debug)]
struct Script {
    name: &'static str,
    /// Languages of the program that are written in it.
    languages: &'static [&'static str],
    /// Letters by which it is found out whether a font has it.
    sample: &'static str,
    /// Families, the best first, each with how its files begin.
    families: &'static [(&'static str, &'static str)],
    /// The package of Debian that brings it.
    package: &'static str,
}

const SCRIPTS: &[Script] = &[
    Script {
        name: "Latin",
        languages: &["en", "vi", "pl"],
        sample: "AzéłąźĐđơưệ€",
        families: &[
            ("Noto Sans", "NotoSans-"),
            ("DejaVu Sans", "DejaVuSans"),
            ("Liberation Sans", "LiberationSans-"),
            ("Arial", "arial"),
            ("Segoe UI", "segoeui"),
            ("Helvetica Neue", "HelveticaNeue"),
        ],
        package: "fonts-noto-core",
    },
    Script {
        name: "Thai",
        languages: &["th"],
        sample: "กขที่ำ฿",
        families: &[
            ("Noto Sans Thai", "NotoSansThai-"),
            ("Loma", "Loma"),
            ("Garuda", "Garuda"),
            ("Leelawadee UI", "leelawui"),
            ("Thonburi", "Thonburi"),
        ],
        package: "fonts-noto-core",
    },
    Script {
        name: "Chinese",
        languages: &["zh"],
        sample: "发票号码税额",
        families: &[
            ("Noto Sans CJK SC", "NotoSansCJK"),
            ("Noto Sans SC", "NotoSansSC"),
            ("Source Han Sans SC", "SourceHanSans"),
            ("WenQuanYi Zen Hei", "wqy-"),
            ("Microsoft YaHei", "msyh"),
            ("PingFang SC", "PingFang"),
        ],
        package: "fonts-noto-cjk",
    },
    // No language of the program, but of names of customers and goods.
    other("Lao", "ກຂ", &[("Noto Sans Lao", "NotoSansLao-")]),
    other("Khmer", "កខ", &[("Noto Sans Khmer", "NotoSansKhmer-")]),
    other("Myanmar", "ကခ", &[("Noto Sans Myanmar", "NotoSansMyanmar-")]),
    other("Devanagari", "कख", &[("Noto Sans Devanagari", "NotoSansDevanagari-")]),
    other("Bengali", "কখ", &[("Noto Sans Bengali", "NotoSansBengali-")]),
    other("Tamil", "கங", &[("Noto Sans Tamil", "NotoSansTamil-")]),
    other("Georgian", "აბ", &[("Noto Sans Georgian", "NotoSansGeorgian-")]),
    other("Armenian", "աբ", &[("Noto Sans Armenian", "NotoSansArmenian-")]),
    other("Symbols", "→✓", &[("Noto Sans Symbols2", "NotoSansSymbols2-")]),
];

const fn other(
    name: &'static str,
    sample: &'static str,
    families: &'static [(&'static str, &'static str)],
) -> Script {
    Script { name, languages: &[], sample, families, package: "fonts-noto-core" }
}

/// Where systems keep their fonts.
const PLACES: [&str; 5] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
];
/// Folders below one another that are looked into.
const DEPTH_MAX: usize = 5;

/// A script that a language wants and no font has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    pub language: String,
    pub script: &'static str,
    pub package: &'static str,
    /// The letters of the sample that no font has.
    pub letters: String,
}

/// The fonts of this machine and this company; made once, used by all.
pub struct Fonts {
    shaper: Mutex<Shaper>,
    any: bool,
    /// As the PDF wants them, by file and number in it.
    known: Mutex<HashMap<(u64, u32), Option<Font>>>,
}

impl Fonts {
    /// Looks for fonts: all of `own`, and of the system those that [`SCRIPTS`] names.
    pub fn find(own: &[PathBuf]) -> Fonts {
        let mut files = Vec::new();
        own.iter().for_each(|place| collect(place, DEPTH_MAX, &mut |_| true, &mut files));
        let is_known = |stem: &str| {
            let mut families = SCRIPTS.iter().flat_map(|script| script.families);
            families.any(|(_, begins)| stem.starts_with(begins))
        };
        let own_files = files.len();
        for place in PLACES {
            collect(Path::new(place), DEPTH_MAX, &mut |stem| is_known(stem), &mut files);
        }
        files[own_files..].sort();
        Fonts::of(&files, own_files)
    }

    /// None at all.
    pub fn none() -> Fonts {
        Fonts::of(&[], 0)
    }

    /// Of these files the first so many are the company's.
    fn of(files: &[PathBuf], own_files: usize) -> Fonts {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut collection = Collection::new(options);
        collection.load_fonts_from_paths(&files[..own_files]);
        let mut families: Vec<String> = collection.family_names().map(str::to_owned).collect();
        families.sort();
        collection.load_fonts_from_paths(&files[own_files..]);
        for (family, _) in SCRIPTS.iter().flat_map(|script| script.families) {
            let known = families.iter().any(|own| own == family);
            if !known && collection.family_id(family).is_some() {
                families.push((*family).to_owned());
            }
        }
        let any = !families.is_empty();
        let fonts = FontContext { collection, source_cache: SourceCache::new_shared() };
        let shaper = Shaper { fonts, layouts: LayoutContext::new(), families, first: None };
        Fonts { shaper: Mutex::new(shaper), any, known: Mutex::default() }
    }

    /// What languages lack, script by script.
    pub fn lacking(&self, languages: &[&str]) -> Vec<Lack> {
        let mut lacks = Vec::new();
        for language in languages {
            for script in SCRIPTS.iter().filter(|script| script.languages.contains(language)) {
                let letters = self.missing(script.sample);
                if !letters.is_empty() {
                    lacks.push(Lack {
                        language: (*language).to_owned(),
                        script: script.name,
                        package: script.package,
                        letters,
                    });
                }
            }
        }
        lacks
    }

    /// The letters of a text that no font has.
    pub fn missing(&self, text: &str) -> String {
        let mut shaper = self.shaper.lock().unwrap_or_else(PoisonError::into_inner);
        shaper.first = None;
        let missing = match self.any {
            true => shaper.missing(text),
            false => text.chars().collect(),
        };
        missing.into_iter().collect()
    }

    /// Work with the one shaper, in the font that a template names.
    pub(crate) fn shaping<T>(
        &self,
        template: &Template,
        work: impl FnOnce(&mut Shaper) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.any {
            return Err(Error::NoFonts);
        }
        let mut shaper = self.shaper.lock().unwrap_or_else(PoisonError::into_inner);
        shaper.first = template.page.font.clone();
        work(&mut shaper)
    }

    /// A font as the PDF wants it. `None` for one that cannot be embedded.
    pub(crate) fn for_pdf(&self, data: &Blob<u8>, index: u32) -> Option<Font> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let font = known.entry((data.id(), index)).or_insert_with(|| {
            let (bytes, _) = data.clone().into_raw_parts();
            Font::new(bytes.into(), index)
        });
        font.clone()
    }
}

fn collect(
    place: &Path,
    depth: usize,
    wanted: &mut dyn FnMut(&str) -> bool,
    into: &mut Vec<PathBuf>,
) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, wanted, into);
            }
            continue;
        }
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let is_font = ["ttf", "otf", "ttc", "otc"].iter().any(|own| end.eq_ignore_ascii_case(own));
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if is_font && wanted(stem) {
            into.push(path);
        }
    }
}
