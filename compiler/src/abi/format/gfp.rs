//! `%gr`: the flags of a kernel memory allocation by name.
//!
//! Names and bits are those of include/linux/gfp_types.h since Linux 6.1, composed names first, as the kernel's own
//! trace output writes them.

const FLAGS: &[(u64, &str)] = &[
    (0x1c_24ca, "GFP_TRANSHUGE"),
    (0x1c_20ca, "GFP_TRANSHUGE_LIGHT"),
    (0x10_0cca, "GFP_HIGHUSER_MOVABLE"),
    (0x10_0cc2, "GFP_HIGHUSER"),
    (0x10_0cc0, "GFP_USER"),
    (0x40_0cc0, "GFP_KERNEL_ACCOUNT"),
    (0xcc0, "GFP_KERNEL"),
    (0xc40, "GFP_NOFS"),
    (0x820, "GFP_ATOMIC"),
    (0xc00, "GFP_NOIO"),
    (0x800, "GFP_NOWAIT"),
    (1 << 0, "GFP_DMA"),
    (1 << 1, "__GFP_HIGHMEM"),
    (1 << 2, "GFP_DMA32"),
    (1 << 3, "__GFP_MOVABLE"),
    (1 << 4, "__GFP_RECLAIMABLE"),
    (1 << 5, "__GFP_HIGH"),
    (1 << 6, "__GFP_IO"),
    (1 << 7, "__GFP_FS"),
    (1 << 8, "__GFP_ZERO"),
    (1 << 10, "__GFP_DIRECT_RECLAIM"),
    (1 << 11, "__GFP_KSWAPD_RECLAIM"),
    (1 << 12, "__GFP_WRITE"),
    (1 << 13, "__GFP_NOWARN"),
    (1 << 14, "__GFP_RETRY_MAYFAIL"),
    (1 << 15, "__GFP_NOFAIL"),
    (1 << 16, "__GFP_NORETRY"),
    (1 << 17, "__GFP_MEMALLOC"),
    (1 << 18, "__GFP_COMP"),
    (1 << 19, "__GFP_NOMEMALLOC"),
    (1 << 20, "__GFP_HARDWALL"),
    (1 << 21, "__GFP_THISNODE"),
    (1 << 22, "__GFP_ACCOUNT"),
    (1 << 23, "__GFP_ZEROTAGS"),
];

/// The names of the flags joined with `|`, bits without a name in hexadecimal at the end; `0` for none.
pub fn flag_names(flags: u64) -> String {
    let mut rest = flags;
    let mut names = Vec::new();
    for (mask, name) in FLAGS {
        if rest & mask == *mask {
            names.push((*name).to_owned());
            rest &= !mask;
        }
    }
    match rest {
        0 if names.is_empty() => names.push("0".to_owned()),
        0 => {}
        rest => names.push(format!("{rest:#x}")),
    }
    names.join("|")
}

#[cfg(test)]
mod tests {
    use super::flag_names;

    #[test]
    fn composed_names_come_before_their_bits_and_unknown_bits_last() {
        assert_eq!(flag_names(0), "0");
        assert_eq!(flag_names(0xcc0), "GFP_KERNEL");
        assert_eq!(flag_names(0xdc0), "GFP_KERNEL|__GFP_ZERO");
        assert_eq!(flag_names(0x2820), "GFP_ATOMIC|__GFP_NOWARN");
        assert_eq!(flag_names(1 << 40), "0x10000000000");
        assert_eq!(flag_names(1 << 40 | 0x40), "__GFP_IO|0x10000000000");
    }
}
