//! Edits one after the other: each result is read, means what a model means, differs from the text before it only where it
//! had to, and the edit that takes it back restores the bytes.

mod model;
mod start;

use std::cell::RefCell;

use doorward_config::{
    Action, ConfigFile, Deed, Edit, EditError, ElementView, Position, SectionChange, Step, edit, load_text,
};

use self::model::{ATTRIBUTES, COLLECTIONS, LEVELS, Model};
use super::disk::Disk;
use super::input::Input;

/// Edits of one sequence.
const EDITS_MAX: usize = 24;

thread_local! {
    static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
}

/// Checks one sequence.
pub(super) fn run(input: &[u8]) {
    DISK.with_borrow_mut(|disk| {
        let disk = disk.get_or_insert_with(|| Disk::new("edits"));
        let mut input = Input(input);
        let (text, model) = start::document(input.byte());
        let mut sequence = Sequence { disk, text, model };
        sequence.compare();
        for _ in 0..EDITS_MAX {
            if input.0.is_empty() {
                break;
            }
            sequence.step(&Move::take(&mut input));
        }
    });
}

/// One edit as plain data.
#[derive(Debug, Clone, Copy)]
struct Move {
    kind: Kind,
    level: usize,
    /// Which attribute, or which collection.
    which: usize,
    /// Which value.
    number: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Set,
    Unset,
    Add(Position),
    Remove,
    Clear,
    Drop,
    Lock,
    Unlock,
}

impl Move {
    fn take(input: &mut Input<'_>) -> Self {
        let kinds = [
            Kind::Set,
            Kind::Set,
            Kind::Unset,
            Kind::Add(Position::End),
            Kind::Add(Position::Start),
            Kind::Add(Position::At(1)),
            Kind::Remove,
            Kind::Remove,
            Kind::Clear,
            Kind::Drop,
            Kind::Lock,
            Kind::Unlock,
        ];
        let kind = kinds[usize::from(input.byte()) % kinds.len()];
        let place = usize::from(input.byte());
        Self { kind, level: place % LEVELS.len(), which: place / LEVELS.len() % 4, number: input.byte() }
    }

    /// The attribute it is about, for what concerns attributes.
    fn attribute(self) -> &'static model::Attribute {
        &ATTRIBUTES[self.which % ATTRIBUTES.len()]
    }

    fn collection(self) -> &'static model::Collection {
        &COLLECTIONS[self.which % COLLECTIONS.len()]
    }

    fn section(self) -> &'static str {
        match self.kind {
            Kind::Set | Kind::Unset => self.attribute().section,
            Kind::Add(_) | Kind::Remove | Kind::Clear => self.collection().section,
            Kind::Drop | Kind::Lock | Kind::Unlock => model::SECTIONS[self.which % model::SECTIONS.len()],
        }
    }

    fn edit(self) -> Edit {
        let elements = |path: &[&str]| path.iter().map(|name| Step::Element((*name).to_owned())).collect();
        let (collection, attribute) = (self.collection(), self.attribute());
        let key = vec![(collection.key.to_owned(), collection.text(self.number))];
        let (at, deed) = match self.kind {
            Kind::Set => {
                let (name, text) = (attribute.name.to_owned(), attribute.text(self.number).to_owned());
                (elements(attribute.way), Deed::Set { attribute: name, text })
            }
            Kind::Unset => (elements(attribute.way), Deed::Unset { attribute: attribute.name.to_owned() }),
            Kind::Add(position) => (elements(collection.way), Deed::Add { attributes: key, position }),
            Kind::Remove => (elements(collection.way), Deed::Remove { keys: key }),
            Kind::Clear => (elements(collection.way), Deed::Clear),
            Kind::Drop => (Vec::new(), Deed::Drop),
            Kind::Lock => (Vec::new(), Deed::Lock),
            Kind::Unlock => (Vec::new(), Deed::Unlock),
        };
        Edit::Change(SectionChange {
            file: ConfigFile::ApplicationHost,
            location: LEVELS[self.level].to_owned(),
            section: self.section().to_owned(),
            actions: vec![Action { at, deed }],
        })
    }
}

/// A document, and what it has to mean.
struct Sequence<'d> {
    disk: &'d Disk,
    text: String,
    model: Model,
}

impl Sequence<'_> {
    fn step(&mut self, one: &Move) {
        let expected = self.model.after(one);
        self.disk.write(self.text.as_bytes());
        match (edit(self.disk.home(), &one.edit()), expected) {
            (Ok(made), Some(next)) => {
                assert_eq!(made.previous.as_deref(), Some(&*self.text), "{one:?}");
                self.differs_as_meant(one, &made.text);
                self.comes_back(one, &made.text);
                (self.text, self.model) = (made.text, next);
                self.compare();
            }
            (Err(error), None) => assert!(!matches!(error, EditError::Store(_)), "{one:?}: {error}"),
            (Ok(made), None) => panic!("{one:?} has to be refused\n{}\nmakes\n{}", self.text, made.text),
            (Err(error), Some(_)) => panic!("{one:?} is refused: {error}\n{}", self.text),
        }
    }

    /// Everything a reader finds at every level is what the model has there.
    fn compare(&self) {
        let home = self.disk.home();
        let read = load_text(&self.text, &home.config_file, None, home);
        let read = read.unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        for (index, level) in LEVELS.iter().enumerate() {
            let (site, path) = level.split_once('/').unwrap_or((level, ""));
            let view = |section: &str| read.schema().section(section).map(|table| read.view(site, path, table));
            for (own, attribute) in ATTRIBUTES.iter().enumerate() {
                let section = view(attribute.section);
                let element = section.as_ref().and_then(|section| descend(section, attribute.way));
                let written = element.and_then(|element| element.attribute(attribute.name));
                let found = written.filter(|own| own.set.is_some()).map(|own| own.text.as_str());
                assert_eq!(found, self.model.value(index, own), "{} at {level:?}\n{}", attribute.name, self.text);
            }
            for (own, collection) in COLLECTIONS.iter().enumerate() {
                let section = view(collection.section);
                let element = section.as_ref().and_then(|section| descend(section, collection.way));
                let entries = element.into_iter().flat_map(|element| &element.entries);
                let keys = entries.filter_map(|entry| Some(entry.attribute(collection.key)?.text.clone()));
                let expected = self.model.entries(index, own);
                assert_eq!(Some(keys.collect::<Vec<_>>()), expected, "{} at {level:?}\n{}", collection.key, self.text);
            }
        }
    }

    /// Few lines differ, all of them beside each other, and what does not concern the edit stands as it stood.
    fn differs_as_meant(&self, one: &Move, made: &str) {
        let (gone, new) = difference(&self.text, made);
        let most = match one.kind {
            Kind::Set | Kind::Add(_) => (1, 14),
            Kind::Unset => (1, 1),
            // One entry of the start documents stands on two lines.
            Kind::Remove => (2, 10),
            // What the level itself says of it goes, with the tags around it.
            Kind::Clear | Kind::Drop | Kind::Lock | Kind::Unlock => (usize::MAX, usize::MAX),
        };
        let is_small = gone <= most.0 && new <= most.1;
        assert!(is_small, "{one:?}: {gone} lines gone, {new} new\n{}\n{made}", self.text);
        let drops = (one.kind, one.level, one.section()) == (Kind::Drop, 0, start::WITH_MARK_4);
        let goes = |mark: &char| drops && *mark == '4';
        let kept: Vec<char> = marks(&self.text).into_iter().filter(|mark| !goes(mark)).collect();
        assert_eq!(kept, marks(made), "{one:?} has touched a comment\n{}\n{made}", self.text);
        let returns = |text: &str| text.matches("\r\n").count();
        let is_crlf = self.text.contains('\r');
        let breaks = made.matches('\n').count();
        assert_eq!(returns(made), if is_crlf { breaks } else { 0 }, "{one:?} mixes line ends\n{made}");
        assert_eq!(self.text.starts_with('\u{feff}'), made.starts_with('\u{feff}'), "{one:?}");
    }

    /// The edit that takes it back restores the bytes, where there is one.
    fn comes_back(&self, one: &Move, made: &str) {
        let Some(back) = self.model.inverse(one) else { return };
        self.disk.write(made.as_bytes());
        match edit(self.disk.home(), &back.edit()) {
            Ok(restored) => {
                assert!(restored.text == self.text, "{one:?}\n{}\nand back\n{}", self.text, restored.text);
            }
            Err(error) => panic!("{back:?} is refused: {error}\n{made}"),
        }
    }
}

fn descend<'v>(section: &'v ElementView, way: &[&str]) -> Option<&'v ElementView> {
    way.iter().try_fold(section, |element, name| element.child(name))
}

/// The numbers of the start document's comments.
fn marks(text: &str) -> Vec<char> {
    let mut marks: Vec<char> = text.split("<!-- mark ").skip(1).filter_map(|rest| rest.chars().next()).collect();
    marks.sort_unstable();
    marks
}

/// Lines of the first text that the second lacks, and the other way round, in the one stretch where they differ.
fn difference(before: &str, after: &str) -> (usize, usize) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    (old.len() - tail, new.len() - tail)
}
