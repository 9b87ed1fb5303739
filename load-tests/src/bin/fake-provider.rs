//! The fake payment provider as a program: its address is the first line that it prints.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use load_tests::fake_provider::FakeProvider;

#[derive(Debug, Parser)]
#[command(about = "A payment provider for demo and tests; it moves no money")]
struct Cli {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A file in which it keeps its payments, and where it listened; without one it forgets them.
    #[arg(long, value_name = "FILE")]
    books: Option<PathBuf>,
    /// End when there is no more standard input: whoever started it has ended, in whatever way.
    #[arg(long)]
    ends_with_input: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let provider = match &cli.books {
        Some(file) => FakeProvider::start_with_books(cli.listen, file).await?,
        None => FakeProvider::start(cli.listen).await?,
    };
    println!("{}", provider.url);
    if cli.ends_with_input {
        // Its books are whole at any moment.
        std::thread::spawn(|| {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
    }
    Ok(provider.wait().await?)
}
