//! Prints the short codes of link numbers: `short_codes KEY LENGTH FROM TO`, the key in hexadecimal,
//! as `NUMBER<tab>CODE` a line. Benchmarks fill a ledger with links by it.

use anyhow::Context;
use std::io::Write;
use textrail::domain::short_code::ShortCodes;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [key, length, from, to] = arguments.as_slice() else {
        anyhow::bail!("short_codes KEY LENGTH FROM TO");
    };
    let key = hex::decode(key)?
        .try_into()
        .ok()
        .context("a key has 32 bytes")?;
    let codes = ShortCodes::new(key, length.parse()?);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for number in from.parse::<i64>()?..to.parse::<i64>()? {
        if let Some(code) = codes.encode(number) {
            writeln!(out, "{number}\t{code}")?;
        }
    }
    Ok(out.flush()?)
}
