//! The words of generated text, in English and Russian.
