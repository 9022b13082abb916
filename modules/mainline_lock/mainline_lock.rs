// SPDX-License-Identifier: GPL-2.0
//! Locks that are initialised in place, in a structure that two holders share.

use kernel::{
    new_mutex, new_spinlock,
    prelude::*,
    sync::{Arc, Mutex, SpinLock},
};

module! {
    type: Lock,
    name: "mainline_lock",
    description: "A mutex and a spinlock, shared by two holders",
    license: "GPL",
}

/// What is shared. The kernel's locks must not be moved: they are made where they stay.
#[pin_data(PinnedDrop)]
struct Account {
    /// A mutex, as a thread may sleep while it adds to the list: memory is allocated for it.
    #[pin]
    amounts: Mutex<KVec<u64>>,
    /// A spinlock, as this takes but a moment.
    #[pin]
    balance: SpinLock<u64>,
}

impl Account {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                amounts <- new_mutex!(KVec::new()),
                balance <- new_spinlock!(0),
            }),
            GFP_KERNEL,
        )
    }

    fn pay(&self, amount: u64) -> Result {
        let mut amounts = self.amounts.lock();
        amounts.push(amount, GFP_KERNEL)?;
        // The mutex first and then the spinlock, never the other way: within a spinlock, nothing
        // may sleep. Each is unlocked when its guard goes.
        *self.balance.lock() += amount;
        Ok(())
    }
}

#[pinned_drop]
impl PinnedDrop for Account {
    fn drop(self: Pin<&mut Self>) {
        pr_info!("the account is closed\n");
    }
}

/// One who has the account, not alone.
struct Holder {
    name: &'static str,
    account: Arc<Account>,
}

impl Drop for Holder {
    fn drop(&mut self) {
        let balance = *self.account.balance.lock();
        pr_info!("{} leaves at {balance}\n", self.name);
    }
}

struct Lock {
    // These are dropped in turn, and the account with the last of them.
    first: Holder,
    _second: Holder,
}

impl kernel::Module for Lock {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let account = Account::new()?;
        let first = Holder {
            name: "the first",
            account: account.clone(),
        };
        let second = Holder {
            name: "the second",
            account,
        };
        for amount in 1..=3 {
            first.account.pay(amount)?;
            second.account.pay(10 * amount)?;
        }
        pr_info!("paid {:?}\n", &first.account.amounts.lock()[..]);
        pr_info!("the balance is {}\n", *second.account.balance.lock());
        Ok(Lock {
            first,
            _second: second,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.first.account.pay(34).is_err() {
            pr_err!("the last amount is not paid\n");
        }
    }
}
