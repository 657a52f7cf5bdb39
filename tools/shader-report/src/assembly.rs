//! Reads the assembly of a kernel: what its innermost loop with the most multiply-adds computes and loads.

/// Instructions of a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loop {
    /// Multiply-adds of f32 a lane.
    pub(crate) fmas: u32,
    /// Other vector instructions.
    pub(crate) vector: u32,
    /// Bytes that a lane loads from memory.
    pub(crate) bytes: u32,
    /// Bytes that a lane loads from the workgroup's memory.
    pub(crate) workgroup_bytes: u32,
    pub(crate) instructions: u32,
}

/// A block of the assembly: its label, and its instructions.
struct Block<'a> {
    label: &'a str,
    lines: Vec<&'a str>,
}

fn blocks(assembly: &str) -> Vec<Block<'_>> {
    let mut blocks = vec![Block { label: "", lines: Vec::new() }];
    for line in assembly.lines().map(str::trim) {
        if let Some(label) = line.strip_suffix(':').filter(|label| label.starts_with("BB")) {
            blocks.push(Block { label, lines: Vec::new() });
        } else if !line.is_empty() {
            blocks.last_mut().expect("it begins with one").lines.push(line);
        }
    }
    blocks
}

/// Bytes of a load by the end of its name: `dword`, `dwordx4`, `b32`, `b128`.
fn bytes_of(name: &str) -> u32 {
    let (_, size) = name.rsplit_once('_').unwrap_or(("", name));
    if let Some(bits) = size.strip_prefix('b').and_then(|bits| bits.parse::<u32>().ok()) {
        return bits / 8;
    }
    match size.strip_prefix("dword") {
        Some("") => 4,
        Some(times) => times.strip_prefix('x').and_then(|times| times.parse::<u32>().ok()).map_or(0, |times| 4 * times),
        None => 0,
    }
}

fn add(found: &mut Loop, line: &str) {
    let name = line.split_whitespace().next().unwrap_or_default();
    found.instructions += 1;
    let is_product =
        ["v_fma_f32", "v_fmac_f32", "v_mac_f32", "v_mad_f32", "v_fmamk_f32", "v_fmaak_f32"].iter().any(|known| name.starts_with(known));
    // Two multiply-adds of one instruction (RDNA3).
    let pairs =
        line.matches("v_dual_fmac_f32").count() + line.matches("v_dual_fmamk_f32").count() + line.matches("v_dual_fmaak_f32").count();
    if pairs > 0 {
        found.fmas += pairs as u32;
    } else if is_product {
        found.fmas += 1;
    } else if name.starts_with("v_") {
        found.vector += 1;
    } else if name.starts_with("ds_load") || name.starts_with("ds_read") {
        // Two values at a time: ds_read2_b64.
        found.workgroup_bytes += bytes_of(name) * if name.contains("2_") || name.contains("2st64") { 2 } else { 1 };
    } else if name.starts_with("buffer_load") || name.starts_with("global_load") || name.starts_with("flat_load") {
        found.bytes += bytes_of(name);
    }
}

/// The loop that multiplies most, of those that contain no other loop that multiplies.
pub(crate) fn inner_loop(assembly: &str) -> Option<Loop> {
    let blocks = blocks(assembly);
    let place = |label: &str| blocks.iter().position(|block| block.label == label);
    let mut loops: Vec<(usize, usize)> = Vec::new();
    for (end, block) in blocks.iter().enumerate() {
        for line in &block.lines {
            let mut words = line.split_whitespace();
            let branch = words.next().is_some_and(|name| name.starts_with("s_branch") || name.starts_with("s_cbranch"));
            if let Some(begin) = words.next().filter(|_| branch).and_then(place).filter(|&begin| begin <= end) {
                loops.push((begin, end));
            }
        }
    }
    let count = |&(begin, end): &(usize, usize)| {
        let mut found = Loop::default();
        blocks[begin..=end].iter().flat_map(|block| &block.lines).for_each(|line| add(&mut found, line));
        found
    };
    let multiplies: Vec<((usize, usize), Loop)> = loops.iter().map(|one| (*one, count(one))).filter(|(_, found)| found.fmas > 0).collect();
    let is_inner = |(begin, end): (usize, usize)| {
        multiplies
            .iter()
            .all(|(other, _)| *other == (begin, end) || other.0 < begin || other.1 > end || (other.1 - other.0) >= (end - begin))
    };
    multiplies.iter().filter(|(one, _)| is_inner(*one)).map(|(_, found)| *found).max_by_key(|found| found.fmas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_loop_is_counted() {
        let text = "
            BB0:
                v_mov_b32 v1, 0
            BB1:
                s_add_u32 s1, s1, 1
            BB2:
                buffer_load_dwordx4 v[4:7], v1, s[0:3], 0 offen
                ds_read2_b64 v[8:11], v1
                v_fmac_f32 v1, v2, v3
                v_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6
                v_add_u32 v1, v2, v3
                s_cbranch_scc1 BB2
            BB3:
                s_branch BB1
            BB4:
                s_endpgm";
        let found = inner_loop(text).unwrap();
        assert_eq!(found, Loop { fmas: 3, vector: 1, bytes: 16, workgroup_bytes: 16, instructions: 6 });
        assert_eq!(inner_loop("BB0:\n s_endpgm"), None);
    }
}
