//! Compiles the protos with protox (no protoc needed) and keeps the descriptor set for the tests
//! that walk over every method.

use std::{env, error::Error, fs, path::PathBuf};

const SERVICES: [&str; 9] =
    ["kernel", "reservations", "parking", "flow", "signage", "gastro", "payments", "journey", "portal"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    for service in SERVICES {
        for entry in fs::read_dir(format!("sky/{service}/v1"))? {
            files.push(entry?.path());
        }
        println!("cargo:rerun-if-changed=sky/{service}/v1");
    }
    files.sort();
    let descriptors = protox::compile(&files, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    let mut prost = tonic_prost_build::Config::new();
    prost.enable_type_names();
    tonic_prost_build::configure().codec_path("crate::SmallCodec").compile_fds_with_config(descriptors, prost)?;
    Ok(())
}
