//! Answers that are worked out once and then shared between threads.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// A map that fills itself. Two threads that miss at the same time both compute; the first answer stays.
pub struct Cache<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The remembered answer, or the one that `compute` gives now. No lock is held while it computes.
    pub fn get<Q>(&self, key: &Q, compute: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(value) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return value.clone();
        }
        let value = compute();
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.entry(key.to_owned()).or_insert(value).clone()
    }
}
