//! The fake payment provider as a program: its address is the first line that it prints.

use std::net::SocketAddr;

use clap::Parser;
use load_tests::fake_provider::FakeProvider;

#[derive(Debug, Parser)]
#[command(about = "A payment provider for demo and tests; it moves no money")]
struct Cli {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let provider = FakeProvider::start(Cli::parse().listen).await?;
    println!("{}", provider.url);
    Ok(provider.wait().await?)
}
