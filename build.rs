//! Lets the binary find the DuckDB library it was linked with, without `LD_LIBRARY_PATH`: first
//! beside the binary (how an image ships it), then where the build found it.

fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    // Migrations are embedded by a macro, and a new folder is no change of a source file.
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
    if let Ok(directory) = std::env::var("DUCKDB_LIB_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    }
}
