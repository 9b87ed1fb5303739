//! A bounded memory of what was worked out before. Forgets everything when it is full: what it holds can
//! always be worked out again.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Values by key, at most so many.
#[derive(Debug)]
pub struct Remembered<K, V> {
    known: Mutex<HashMap<K, V>>,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// Remembers nothing yet, and never more than `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { known: Mutex::default(), most }
    }

    /// What was put last under a key, unless it is forgotten.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers a value in place of the one before it.
    pub fn put(&self, key: K, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.most {
            known.clear();
        }
        known.insert(key, value);
    }
}
