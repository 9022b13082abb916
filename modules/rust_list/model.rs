// SPDX-License-Identifier: GPL-2.0

//! Random operations on lists and on vectors, which have to agree.

use crate::Entry;
use core::ptr::NonNull;
use kernel::linked_list::{GetLinks, GetLinksWrapped, Links, List, Wrapper};
use kernel::prelude::*;
use kernel::sync::Ref;

const OPERATIONS: u32 = 5000;
const LONGEST: usize = 40;

/// The numbers of a generator by Marsaglia (xorshift32).
struct Random(u32);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }
}

fn expect(holds: bool, what: &str) -> Result {
    if holds {
        return Ok(());
    }
    pr_err!("{}\n", what);
    Err(Error::EINVAL)
}

/// Whether the list holds these values.
fn same<G: GetLinksWrapped<EntryType = Entry>>(list: &List<G>, model: &[u32]) -> bool {
    let mut cursor = list.cursor_front();
    for value in model {
        match cursor.current() {
            Some(entry) if entry.value == *value => cursor.move_next(),
            _ => return false,
        }
    }
    cursor.current().is_none() && list.is_empty() == model.is_empty()
}

/// The entry at a place of the list.
fn at<G: GetLinksWrapped<EntryType = Entry>>(list: &List<G>, place: usize) -> Result<&Entry> {
    let mut cursor = list.cursor_front();
    for _ in 0..place {
        cursor.move_next();
    }
    cursor.current().ok_or(Error::ENOENT)
}

fn edit_at_random<G: GetLinksWrapped<EntryType = Entry>>(
    what: &str,
    make: fn(Entry) -> Result<G::Wrapped>,
) -> Result {
    let mut dice = Random(0x2021);
    let mut list = List::<G>::new();
    let mut model = Vec::new();
    for value in 0..OPERATIONS {
        let choice = match model.len() {
            0 => 0,
            LONGEST => 2,
            _ => dice.below(4),
        };
        match choice {
            0 => {
                list.push_back(make(Entry::new(value))?);
                model.try_reserve(1)?;
                model.push(value);
            }
            1 => {
                let place = dice.below(model.len());
                let existing = NonNull::from(at(&list, place)?);
                // SAFETY: the entry is in the list.
                unsafe { list.insert_after(existing, make(Entry::new(value))?) };
                model.try_reserve(1)?;
                model.insert(place + 1, value);
            }
            2 => {
                let place = dice.below(model.len());
                let mut cursor = list.cursor_front_mut();
                for _ in 0..place {
                    cursor.move_next();
                }
                let removed = cursor.remove_current().ok_or(Error::ENOENT)?;
                expect(removed.as_ref().value == model.remove(place), "remove")?;
            }
            _ => {
                let popped = list.pop_front().ok_or(Error::ENOENT)?;
                expect(popped.as_ref().value == model.remove(0), "pop")?;
            }
        }
        if !same(&list, &model) {
            pr_err!("List<{}> differs from {:?}\n", what, model);
            return Err(Error::EINVAL);
        }
    }
    pr_info!("List<{}>: {} operations\n", what, OPERATIONS);
    Ok(())
}

/// A shared entry is in one list at a time, and can be removed by any of its owners.
fn shared<G: GetLinksWrapped<EntryType = Entry>>(make: fn(Entry) -> Result<G::Wrapped>) -> Result
where
    G::Wrapped: Clone,
{
    let (a, b) = (make(Entry::new(1))?, make(Entry::new(2))?);
    let mut list = List::<G>::new();
    let mut other = List::<G>::new();
    list.push_back(a.clone());
    list.push_back(b.clone());
    list.push_back(a.clone());
    other.push_back(b.clone());
    expect(
        same(&list, &[1, 2]) && other.is_empty(),
        "an entry in two lists",
    )?;

    // SAFETY: `a` is in this list, then in none.
    let (removed, again) = unsafe { (list.remove(&a), list.remove(&a)) };
    expect(removed.is_some() && again.is_none(), "remove")?;
    other.push_back(a);
    expect(same(&list, &[2]) && same(&other, &[1]), "from list to list")
}

/// `current`, `peek_next` and `peek_prev` at each place.
fn cursors() -> Result {
    let mut list = List::<Ref<Entry>>::new();
    for value in 1..=3 {
        list.push_back(Ref::try_new(Entry::new(value))?);
    }
    let mut cursor = list.cursor_front_mut();
    let places = [
        (Some(1), Some(2), None),
        (Some(2), Some(3), Some(1)),
        (Some(3), None, Some(2)),
        (None, Some(1), Some(3)),
        (Some(1), Some(2), None),
    ];
    for place in places {
        let current = cursor.current().map(|entry| entry.value);
        let next = cursor.peek_next().map(|entry| entry.value);
        let prev = cursor.peek_prev().map(|entry| entry.value);
        expect((current, next, prev) == place, "a cursor")?;
        cursor.move_next();
    }
    Ok(())
}

/// What entries of several types have in common.
trait Shape {
    fn corners(&self) -> u32;
    fn links(&self) -> &Links<dyn Shape>;
}

struct Square {
    links: Links<dyn Shape>,
}

struct Polygon {
    corners: u32,
    links: Links<dyn Shape>,
}

impl Shape for Square {
    fn corners(&self) -> u32 {
        4
    }

    fn links(&self) -> &Links<dyn Shape> {
        &self.links
    }
}

impl Shape for Polygon {
    fn corners(&self) -> u32 {
        self.corners
    }

    fn links(&self) -> &Links<dyn Shape> {
        &self.links
    }
}

struct ShapeAdapter;

impl GetLinks for ShapeAdapter {
    type EntryType = dyn Shape;

    fn get_links<'a>(shape: &'a (dyn Shape + 'static)) -> &'a Links<dyn Shape> {
        shape.links()
    }
}

impl GetLinksWrapped for ShapeAdapter {
    type Wrapped = Ref<dyn Shape>;
}

fn shapes() -> Result {
    let mut list = List::<ShapeAdapter>::new();
    list.push_back(Ref::try_new(Square {
        links: Links::new(),
    })?);
    list.push_back(Ref::try_new(Polygon {
        corners: 6,
        links: Links::new(),
    })?);
    let mut corners = 0;
    let mut cursor = list.cursor_front();
    while let Some(shape) = cursor.current() {
        corners += shape.corners();
        cursor.move_next();
    }
    expect(corners == 10, "shapes")?;
    expect(
        list.pop_front().map(|shape| shape.corners()) == Some(4),
        "a square",
    )
}

/// Compares all kinds of lists. What differs is printed.
pub(crate) fn compare() -> Result {
    edit_at_random::<Box<Entry>>("Box", |entry| Ok(Box::try_new(entry)?))?;
    edit_at_random::<Arc<Entry>>("Arc", |entry| Ok(Arc::try_new(entry)?))?;
    edit_at_random::<Ref<Entry>>("Ref", Ref::try_new)?;
    shared::<Arc<Entry>>(|entry| Ok(Arc::try_new(entry)?))?;
    shared::<Ref<Entry>>(Ref::try_new)?;
    cursors()?;
    shapes()
}
