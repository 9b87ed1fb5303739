//! TLS for what this process asks over https: one library of cryptography for all of it.

/// Chooses it. Every program and every test that makes an HTTP client calls this first; again does nothing.
pub fn install() {
    // An error says that it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
