//! Forward decay in integers, see `processors/lifecycle/decay.py`: the same tables, the same rounding.

use crate::sums::Sums;
use num_bigint::BigUint;
use std::sync::LazyLock;

pub const FRACTION_BITS: u32 = 24;
const HALF_BITS: u32 = 12;
const WEIGHT_BITS: u32 = 40;
const READ_BITS: u32 = 60;
pub const EPOCHS: i64 = 40;
const MASK: u64 = (1 << HALF_BITS) - 1;
const GUARD_BITS: u32 = 200;
/// 2^139 + 2^130, of which only the third limb is not nought: half of what is shifted away, and the tie bits.
const HALF_LIMB: u64 = (1 << 11) + (1 << 2);
const SHIFT_IN_LIMB: u32 = 12; // 140 = 2 limbs and 12 bits
/// A weight is 2^41 at most, so a sum that reaches this is not one of ours.
pub const MOST_WEIGHT: u128 = 1 << 70;

struct Tables {
    grow_high: Vec<u64>,
    grow_low: Vec<u64>,
    fine_high: Vec<u64>,
    fine_low: Vec<u64>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    grow_high: powers(HALF_BITS, WEIGHT_BITS),
    grow_low: powers(FRACTION_BITS, WEIGHT_BITS),
    fine_high: powers(HALF_BITS, READ_BITS),
    fine_low: powers(FRACTION_BITS, READ_BITS),
});

/// 2^(k / 2^`root_steps`) for 4,096 values of k, rounded to `bits` after the point.
fn powers(root_steps: u32, bits: u32) -> Vec<u64> {
    let precision = bits + GUARD_BITS;
    let mut root = BigUint::from(2_u32) << precision;
    for _ in 0..root_steps {
        root = (root << precision).sqrt();
    }
    let half = BigUint::from(1_u32) << (GUARD_BITS - 1);
    let mut power = BigUint::from(1_u32) << precision;
    (0..1_u32 << HALF_BITS)
        .map(|_| {
            let rounded: BigUint = (&power + &half) >> GUARD_BITS;
            power = (&power * &root) >> precision;
            rounded.iter_u64_digits().next().unwrap_or(0)
        })
        .collect()
}

/// `rest` / `half_life` in 2^-24.
fn fraction(rest: i64, half_life: i64) -> u64 {
    if rest < 1 << (62 - FRACTION_BITS) {
        ((rest << FRACTION_BITS) / half_life) as u64
    } else {
        ((i128::from(rest) << FRACTION_BITS) / i128::from(half_life)) as u64
    }
}

fn product(high: &[u64], low: &[u64], fraction: u64) -> u128 {
    u128::from(high[(fraction >> HALF_BITS) as usize]) * u128::from(low[(fraction & MASK) as usize])
}

/// Epoch and weight of an event at that time.
pub fn weigh(at: i64, half_life: i64) -> (i64, u128) {
    let fraction = fraction(at.rem_euclid(half_life), half_life);
    let tables = &*TABLES;
    let weight = product(&tables.grow_high, &tables.grow_low, fraction) >> WEIGHT_BITS;
    (at.div_euclid(half_life), weight)
}

/// Epoch and 2^-fraction of the moment of reading: the same for all rules of one half-life.
pub fn factor(now: i64, half_life: i64) -> (i64, u64) {
    let fraction = fraction(now.rem_euclid(half_life), half_life);
    (now.div_euclid(half_life), shrink(fraction))
}

fn shrink(fraction: u64) -> u64 {
    if fraction == 0 {
        return 1 << READ_BITS;
    }
    let tables = &*TABLES;
    (product(&tables.fine_high, &tables.fine_low, (1 << FRACTION_BITS) - fraction) >> (READ_BITS + 1)) as u64
}

/// Points of a rule's sums, decayed, rounded half up, before its caps.
pub fn fade(sums: &Sums, points: i64, (epoch, shrunk): (i64, u64)) -> i128 {
    let mut limbs = product_of(sums.total(epoch), u128::from(shrunk) * u128::from(points.unsigned_abs()));
    if points >= 0 {
        carry_into(&mut limbs, HALF_LIMB);
        shifted(&limbs)
    } else {
        negative(&mut limbs)
    }
}

/// (HALF - M) >> 140, rounded down.
fn negative(limbs: &mut [u64; 4]) -> i128 {
    if limbs[3] == 0 && (limbs[2] < HALF_LIMB || (limbs[2] == HALF_LIMB && limbs[0] == 0 && limbs[1] == 0)) {
        return 0;
    }
    let (less, borrow) = limbs[2].overflowing_sub(HALF_LIMB);
    limbs[2] = less;
    limbs[3] -= u64::from(borrow);
    let rest = limbs[0] != 0 || limbs[1] != 0 || limbs[2] & ((1 << SHIFT_IN_LIMB) - 1) != 0;
    -(shifted(limbs) + i128::from(rest))
}

fn shifted(limbs: &[u64; 4]) -> i128 {
    (((u128::from(limbs[3]) << 64) | u128::from(limbs[2])) >> SHIFT_IN_LIMB) as i128
}

/// Limbs of a product, the lowest first.
fn product_of(one: u128, other: u128) -> [u64; 4] {
    let half = |number: u128, high: bool| u128::from((number >> if high { 64 } else { 0 }) as u64);
    let (low, high) = (half(one, false) * half(other, false), half(one, true) * half(other, true));
    let (crossed, more) = (half(one, false) * half(other, true), half(one, true) * half(other, false));
    let middle = half(low, true) + half(crossed, false) + half(more, false);
    let upper = high + half(crossed, true) + half(more, true) + half(middle, true);
    [low as u64, middle as u64, upper as u64, (upper >> 64) as u64]
}

fn carry_into(limbs: &mut [u64; 4], half: u64) {
    let (sum, carry) = limbs[2].overflowing_add(half);
    limbs[2] = sum;
    limbs[3] += u64::from(carry);
}

/// How many half-lives `start` takes to shrink to `end` (0 < end <= start), in 2^-24, rounded down.
pub fn halvings(start: i64, end: i64) -> i128 {
    let (start, end) = (start as u128, end as u128);
    let length = |number: u128| 128 - number.leading_zeros();
    let mut whole = length(start).saturating_sub(length(end) + 1);
    while start >> (whole + 1) >= end {
        whole += 1;
    }
    let tables = &*TABLES;
    let ratio = (start << READ_BITS) / (end << whole);
    let high = tables.fine_high.partition_point(|power| u128::from(*power) <= ratio) - 1;
    let rest = (ratio << READ_BITS) / u128::from(tables.fine_high[high]);
    let low = tables.fine_low.partition_point(|power| u128::from(*power) <= rest) - 1;
    (i128::from(whole) << FRACTION_BITS) + ((high as i128) << HALF_BITS) + low as i128
}
