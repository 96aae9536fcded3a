//! The coefficients of rules and blocks.
//!
//! Their derivatives are formulas in the inputs and in the outputs. So outputs known up to order k give the slopes up
//! to order k, and these give the outputs up to order k + 1. A rule whose slopes use the rule itself asks for it up to
//! order k only. [`Order`] keeps that order, without which such a rule would call itself without end.

use std::any::TypeId;
use std::cell::RefCell;

use super::Taylor;
use super::recurrences::{integrate_all, integrated, rate};
use crate::scalar::Scalar;
use crate::scalar::custom::pushed_forward;
use crate::scalar::custom::{Block, Rule};

pub(super) fn apply_rule<T: Scalar, const K: usize, const N: usize>(
    rule: &impl Rule<N, T::Real>,
    x: [Taylor<T, K>; N],
) -> Taylor<T, K> {
    let value = plainly::<T, K, _>(|| T::apply_rule(rule, x.map(|x| x.primal)));
    raised(&x, Taylor::constant(value), |y| integrate_all(value, &x, rule.partials(x, *y)))
}

pub(super) fn apply_block<T: Scalar, const K: usize>(
    block: &impl Block<T::Real>,
    x: &[Taylor<T, K>],
) -> Vec<Taylor<T, K>> {
    let values = plainly::<T, K, _>(|| T::apply_block(block, &x.iter().map(|x| x.primal).collect::<Vec<T>>()));
    let constants = values.into_iter().map(Taylor::constant).collect();
    // Only order K + 1 would need the coefficient K + 1 of x: it is taken as zero.
    let rates: Vec<Taylor<T, K>> = x.iter().map(|x| series(rate(x))).collect();
    raised(x, constants, |y: &Vec<Taylor<T, K>>| {
        let rates = pushed_forward(block, x, y, &rates);
        let next = |(y, rate): (&Taylor<T, K>, Taylor<T, K>)| {
            Taylor::new(y.primal, std::array::from_fn(|k| integrated(rate[k], k)))
        };
        y.iter().zip(rates).map(next).collect()
    })
}

/// Returns a series of the K coefficients from the value up.
fn series<T: Scalar, const K: usize>(coefficients: [T; K]) -> Taylor<T, K> {
    let mut x = Taylor::constant(T::zero());
    for (k, coefficient) in coefficients.into_iter().enumerate() {
        x[k] = coefficient;
    }
    x
}

/// Raises the outputs `y` at `x` from order 0 to the order that is asked for. `next` raises the order by one.
fn raised<T: Scalar, Y, const K: usize>(x: &[Taylor<T, K>], y: Y, next: impl Fn(&Y) -> Y) -> Y {
    if x.iter().all(|x| x.is_constant()) {
        return y;
    }
    (0..Order::asked::<Taylor<T, K>>().unwrap_or(K)).fold(y, |y, order| {
        let _order = Order::ask::<Taylor<T, K>>(order);
        next(&y)
    })
}

/// Computes values, and asks for all orders meanwhile.
fn plainly<T: Scalar, const K: usize, Y>(compute: impl FnOnce() -> Y) -> Y {
    let _order = Order::ask::<Taylor<T, K>>(K);
    compute()
}

/// Asks for series of one type up to some order, on this thread, while it lives.
struct Order;

thread_local! {
    static ORDERS: RefCell<Vec<(TypeId, usize)>> = const { RefCell::new(Vec::new()) };
}

impl Order {
    fn ask<S: Scalar>(order: usize) -> Order {
        ORDERS.with_borrow_mut(|orders| orders.push((TypeId::of::<S>(), order)));
        Order
    }

    fn asked<S: Scalar>() -> Option<usize> {
        ORDERS.with_borrow(|orders| orders.iter().rev().find(|(key, _)| *key == TypeId::of::<S>()).map(|(_, n)| *n))
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        ORDERS.with_borrow_mut(|orders| orders.pop());
    }
}
