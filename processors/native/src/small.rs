//! A map from plan indices to what a contact has of them: few entries, sorted, so a list is enough.

#[derive(Clone, Debug, PartialEq)]
pub struct Sparse<T>(Vec<(u32, T)>);

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Sparse<T> {
    pub fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries))
    }

    /// Adds an entry whose key is above all others.
    pub fn append(&mut self, key: u32, value: T) {
        self.0.push((key, value));
    }

    fn place(&self, key: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(known, _)| *known)
    }

    pub fn get(&self, key: u32) -> Option<&T> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }

    pub fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        match self.place(key) {
            Ok(place) => Some(&mut self.0[place].1),
            Err(_) => None,
        }
    }

    pub fn insert(&mut self, key: u32, value: T) {
        match self.place(key) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (key, value)),
        }
    }

    pub fn remove(&mut self, key: u32) -> Option<T> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    pub fn or_default(&mut self, key: u32) -> &mut T
    where
        T: Default,
    {
        let place = self.place(key).unwrap_or_else(|place| {
            self.0.insert(place, (key, T::default()));
            place
        });
        &mut self.0[place].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
