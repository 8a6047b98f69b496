//! x
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use worldstate_bench::evm::*;
    let a: Vec<_> = std::env::args().collect();
    let n: usize = a[3].parse()?;
    if a[1] == "miss" {
        let w = assembly::misses(1000);
        if a[2] == "ours" {
            let mut o = ours::Waiting::new(&w.world, &w.call)?;
            for _ in 0..n {
                o.run()?;
            }
        } else {
            let mut o = ours::Ours::new(&w.world, &w.call)?;
            for _ in 0..n {
                o.run()?;
            }
        }
        return Ok(());
    }
    if a[1] == "create" {
        let mut l = ours::Lifecycle::new(&assembly::call().call)?;
        for _ in 0..n {
            if a[2] == "ours" {
                l.create_and_destroy()?;
            } else {
                l.start_and_abort()?;
            }
        }
        return Ok(());
    }
    let w = local_workloads()?.into_iter().find(|w| w.id == a[1]).unwrap();
    if a[2] == "ours" {
        let mut o = ours::Ours::new(&w.world, &w.call)?;
        for _ in 0..n {
            o.run()?;
        }
    } else {
        let mut o = plain::Plain::new(&w.world, &w.call);
        for _ in 0..n {
            o.run()?;
        }
    }
    Ok(())
}
