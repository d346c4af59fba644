//! Rows of Parquet files, read column by column and passed on row by row.
//!
//! Memory is bounded: of each column the page that is being read, and a batch of some rows. A nested
//! column is one column for each of its leaves; what is repeated in a row is one text, `["a","b"]`.
//! A value is spelled as pandas writes it to CSV, so that tables of both forms can be compared.

#[cfg(feature = "parquet")]
mod column;
#[cfg(feature = "parquet")]
mod file;
#[cfg(feature = "parquet")]
mod quiet;
#[cfg(feature = "parquet")]
mod value;

#[cfg(feature = "parquet")]
pub use file::read;

/// Why a build without the library reads none.
pub const NOT_BUILT: &str = "this git-exp was built without Parquet (cargo feature `parquet`)";

/// Says that this build reads none.
///
/// # Errors
/// Always.
#[cfg(not(feature = "parquet"))]
pub fn read<S: super::stream::RowSink>(
    _: &std::fs::File,
    _: &mut S,
    _: impl FnMut(u64) -> bool,
) -> Result<bool, String> {
    Err(NOT_BUILT.to_owned())
}
