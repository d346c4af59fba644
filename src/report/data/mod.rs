//! Data in words: cards, and how two versions differ.

pub mod card;
pub mod folder;
pub mod page;
pub mod table;
