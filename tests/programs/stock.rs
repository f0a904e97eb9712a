//! A program of Rust to trace: `stock N` calls stock::count::take(i) for i in 0..N.

mod count {
    #[inline(never)]
    pub fn take(number: u64, from: &mut u64) -> u32 {
        *from += number;
        (number * 3) as u32
    }
}

fn main() {
    let n = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut stock = 0;
    for i in 0..n {
        std::hint::black_box(count::take(std::hint::black_box(i), &mut stock));
    }
}
