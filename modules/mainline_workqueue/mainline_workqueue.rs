// SPDX-License-Identifier: GPL-2.0
//! Work items on the system's workqueue, in a module that can be unloaded while they wait to run.

use kernel::{
    bindings, new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
    workqueue::{self, impl_has_work, new_work, Work, WorkItem},
};

module! {
    type: Workqueue,
    name: "mainline_workqueue",
    description: "Work items that a module waits for before it goes",
    license: "GPL",
}

/// A number that a worker is to add to a sum.
#[pin_data]
struct Job {
    number: u32,
    sum: Arc<Mutex<u32>>,
    #[pin]
    work: Work<Job>,
}

impl_has_work! {
    impl HasWork<Self> for Job { self.work }
}

impl WorkItem for Job {
    type Pointer = Arc<Job>;

    fn run(this: Arc<Job>) {
        *this.sum.lock() += this.number;
        pr_info!("added {}\n", this.number);
    }
}

/// A job that is in the workqueue, or was. Whoever drops this waits for the job.
struct Queued(Arc<Job>);

impl Queued {
    fn new(number: u32, sum: &Arc<Mutex<u32>>) -> Result<Self> {
        let sum = sum.clone();
        let job = pin_init!(Job {
            number,
            sum,
            work <- new_work!("mainline_workqueue::Job"),
        });
        let job = Arc::pin_init(job, GFP_KERNEL)?;
        // A job is refused if it is in a workqueue already, which a new one is not.
        workqueue::system()
            .enqueue(job.clone())
            .map_err(|_| EBUSY)?;
        Ok(Queued(job))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        // A completion at the end of `run` would come too soon. What the worker then still has to
        // do, even if it is only to return, is code of this module; and it may be gone by then.
        // `flush_work` returns when the worker has left that code. No job is queued a second
        // time, so that none comes after.
        //
        // SAFETY: `new_work!` has initialised the work item, `self.0` keeps it where it is, and
        // this is called while the module is loaded or unloaded, when it's allowed to sleep.
        unsafe { bindings::flush_work(Work::raw_get(&self.0.work)) };
    }
}

struct Workqueue {
    sum: Arc<Mutex<u32>>,
    jobs: KVec<Queued>,
}

impl kernel::Module for Workqueue {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let sum = Arc::pin_init(new_mutex!(0), GFP_KERNEL)?;
        // If this fails halfway, the jobs that were queued are dropped, and so waited for.
        let mut jobs = KVec::new();
        for number in [1, 10, 100] {
            jobs.push(Queued::new(number, &sum)?, GFP_KERNEL)?;
        }
        Ok(Workqueue { sum, jobs })
    }
}

impl Drop for Workqueue {
    fn drop(&mut self) {
        // One that has hardly begun when it is waited for. Without memory for it, the sum lacks it.
        let last = Queued::new(1000, &self.sum);
        pr_info!("waiting\n");
        drop(last);
        self.jobs = KVec::new();
        pr_info!("unloaded at {}\n", *self.sum.lock());
    }
}
