//! Data files and folders: digests, manifests, and the cache that makes them cheap.
