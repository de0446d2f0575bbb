//! Builds the browser UI and packs it for embedding (feature `ui`).
//!
//! ```text
//! ui/package-lock.json changed?  → npm ci --omit=dev --ignore-scripts
//! ui/, docs/openapi.json changed? → npm run build → ui/generated, ui/dist
//! ui/dist                        → OUT_DIR/assets.rs, each file plain and compressed by Brotli
//! ```
//!
//! If anything is missing, the build stops with a one-sentence error.

use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The oldest Node that Vite runs on.
const NODE_OLDEST: (u32, u32) = (20, 19);
/// The paths in `ui/` that the result depends on. It also depends on the API description in
/// `docs/openapi.json`, from which its types are generated.
const SOURCES: [&str; 9] = [
    "src",
    "public",
    "build",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // Cargo shows what a failed build script wrote to standard error.
            eprintln!("\n{sentence}\n");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let assets = match std::env::var_os("CARGO_FEATURE_UI") {
        Some(_) => packed_ui(&PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("ui"), &out)?,
        None => String::new(),
    };
    let table = format!("const ASSETS: &[Asset] = &[\n{assets}];\n");
    write(&out.join("assets.rs"), table.as_bytes())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: build with cargo."))
}

fn packed_ui(ui: &Path, out: &Path) -> Result<String, String> {
    let contract = ui.with_file_name("docs").join("openapi.json");
    let sources = SOURCES.iter().map(|name| ui.join(name)).chain([contract]);
    // A missing path would make Cargo run this script every time.
    for source in sources.filter(|path| path.exists()) {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    check_node()?;
    install(ui)?;
    npm(ui, &["run", "--silent", "build"], "the browser interface could not be built")?;
    let dist = ui.join("dist");
    let mut files = Vec::new();
    list(&dist, &mut files)?;
    files.sort();
    let mut assets = String::new();
    for file in &files {
        let path = file.strip_prefix(&dist).map_err(|error| error.to_string())?;
        assets.push_str(&entry(file, &path.to_string_lossy(), out)?);
    }
    Ok(assets)
}

fn check_node() -> Result<(), String> {
    let (major, minor) = NODE_OLDEST;
    let needed = format!(
        "Node {major}.{minor} or later is needed to build the browser interface \
         (or leave it out: cargo build --no-default-features)"
    );
    let asked = Command::new("node").arg("--version").output();
    let output = asked.map_err(|_| format!("{needed}; node was not found."))?;
    let output = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = output.trim_start_matches('v').split('.').map(|part| part.parse::<u32>());
    let found = (numbers.next().and_then(Result::ok), numbers.next().and_then(Result::ok));
    match found {
        (Some(major), Some(minor)) if (major, minor) >= NODE_OLDEST => Ok(()),
        _ => Err(format!("{needed}; found {output:?}.")),
    }
}

/// Installs the packages that the build needs, unless they were installed for the same lock file.
/// `.installed-for` is written by a full install, which the tests do.
fn install(ui: &Path) -> Result<(), String> {
    let lock = read(&ui.join("package-lock.json"))?;
    let modules = ui.join("node_modules");
    let same = |stamp: &str| fs::read(modules.join(stamp)).is_ok_and(|stamped| stamped == lock);
    if same(".installed-for") || same(".built-for") {
        return Ok(());
    }
    npm(
        ui,
        &["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        "the packages of the browser interface could not be installed",
    )?;
    write(&modules.join(".built-for"), &lock)
}

fn npm(ui: &Path, arguments: &[&str], failed: &str) -> Result<(), String> {
    let ran = Command::new("npm").args(arguments).current_dir(ui).output();
    let ran = ran.map_err(|error| format!("npm cannot be run ({error}): {failed}."))?;
    if ran.status.success() {
        return Ok(());
    }
    let output = [ran.stdout, ran.stderr].concat();
    Err(format!("{}\nnpm {}: {failed}.", String::from_utf8_lossy(&output), arguments.join(" ")))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| with_path(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| with_path(folder, &error))?.path();
        match path.is_dir() {
            true => list(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Returns one file's row of the table, and writes the files that the row includes to `out`.
fn entry(file: &Path, path: &str, out: &Path) -> Result<String, String> {
    let plain = read(file)?;
    let mut hasher = DefaultHasher::new();
    (path, &plain).hash(&mut hasher);
    let hash = hasher.finish();
    // The file is copied, so that a later manual build of the UI cannot change this build.
    let copy = out.join(format!("{hash:016x}.plain"));
    write(&copy, &plain)?;
    let small = brotli(&plain)?;
    let brotli = match small.len() < plain.len() {
        true => {
            let packed = out.join(format!("{hash:016x}.br"));
            write(&packed, &small)?;
            format!("Some(include_bytes!({packed:?}))")
        }
        false => "None".to_owned(),
    };
    let mut row = String::new();
    writeln!(
        row,
        "    Asset {{ path: {path:?}, mime: {:?}, etag: \"W/\\\"{hash:016x}\\\"\", \
         immutable: {}, plain: include_bytes!({copy:?}), brotli: {brotli} }},",
        mime(path)?,
        path.starts_with("assets/"),
    )
    .map_err(|error| error.to_string())?;
    Ok(row)
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>, String> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut small, &parameters)
        .map_err(|error| format!("brotli: {error}."))?;
    Ok(small)
}

fn mime(path: &str) -> Result<&'static str, String> {
    let extension = path.rsplit('.').next().unwrap_or_default();
    Ok(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => return Err(format!("ui/dist/{path}: unknown file type; add it to build.rs.")),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| with_path(path, &error))
}

fn write(path: &Path, octets: &[u8]) -> Result<(), String> {
    fs::write(path, octets).map_err(|error| with_path(path, &error))
}

fn with_path(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}.", path.display())
}
