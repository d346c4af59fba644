//! Metrics files: JSON as Python writes it, and CSV as spreadsheets write it.
