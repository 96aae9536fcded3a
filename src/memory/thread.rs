//! One value of each type per thread.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::rc::Rc;
use std::thread::AccessError;

/// Lends this thread's value of the type `X`. Unlike the type of a thread-local, `X` may be generic.
#[inline(never)]
pub(crate) fn registered<X: Default + 'static, Out>(lend: impl FnOnce(&X) -> Out) -> Result<Out, AccessError> {
    Ok(lend(&*value()?))
}

fn value<X: Default + 'static>() -> Result<Rc<X>, AccessError> {
    let slot = slot(TypeId::of::<X>(), || Rc::new(X::default()))?;
    Ok(slot.downcast().expect("the slot was stored under its own type"))
}

/// Returns the value that this thread has for a type; the first time it is `new`. It is compiled once for all types.
fn slot(key: TypeId, new: fn() -> Rc<dyn Any>) -> Result<Rc<dyn Any>, AccessError> {
    thread_local! {
        static SLOTS: RefCell<Vec<(TypeId, Rc<dyn Any>)>> = const { RefCell::new(Vec::new()) };
    }
    SLOTS.try_with(|slots| {
        let known = slots.borrow().iter().find(|(id, _)| *id == key).map(|(_, slot)| slot.clone());
        known.unwrap_or_else(|| {
            let slot = new();
            slots.borrow_mut().push((key, slot.clone()));
            slot
        })
    })
}
