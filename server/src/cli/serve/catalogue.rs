//! The attach points of this machine for the page: listed and indexed once, when somebody first asks.

use std::sync::{Arc, OnceLock};

use tracedeck_compiler::kernel::Kernel;

use crate::cache::Cache;
use crate::cli::arguments::no_cache;
use crate::host::LiveKernel;
use crate::host::bpf_holders::Holder;
use crate::host::process_list::Process;
use crate::host::search::{Child, Index};
use crate::host::{bpf_holders, probes, process_list};
use crate::http::probes::Catalogue;

/// Lists the probes of the running kernel.
pub struct LiveCatalogue {
    kernel: Arc<LiveKernel>,
    index: OnceLock<Index>,
}

impl LiveCatalogue {
    pub fn new(kernel: Arc<LiveKernel>) -> Self {
        if !no_cache() {
            kernel.keep_lists(Cache::of_user());
        }
        Self { kernel, index: OnceLock::new() }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let listed = probes::list(&self.kernel, "*", &[], false).unwrap_or_default();
            Index::new(listed.into_iter().map(|found| found.attach_point).collect())
        })
    }
}

fn shares_files(pid: u32) -> bool {
    let namespace = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    let root = |process: &str| std::fs::read_link(format!("/proc/{process}/root")).ok();
    let pid = pid.to_string();
    namespace(&pid).is_some() && namespace(&pid) == namespace("self") && root(&pid) == root("self")
}

fn found(index: &Index, query: &str, limit: usize) -> (usize, Vec<String>) {
    let (total, best) = index.search(query, limit);
    (total, best.into_iter().map(|found| found.name.to_owned()).collect())
}

impl Catalogue for LiveCatalogue {
    fn search(&self, query: &str, limit: usize) -> (usize, Vec<String>) {
        found(self.index(), query, limit)
    }

    fn children(&self, prefix: &str) -> Vec<Child> {
        self.index().children(prefix)
    }

    fn of_binary(
        &self,
        path: &str,
        pid: Option<u32>,
        query: &str,
        limit: usize,
    ) -> Result<(usize, Vec<String>), String> {
        // A process that sees the same files as we do needs no way through /proc, which would end with it.
        let pid = pid.filter(|pid| !shares_files(*pid));
        let pattern = format!("usdt:{path}:*:*,uprobe:{path}:*");
        let listed = probes::list(&self.kernel, &pattern, pid.as_slice(), false).map_err(|error| error.to_string())?;
        Ok(found(&Index::new(listed.into_iter().map(|found| found.attach_point).collect()), query, limit))
    }

    fn processes(&self) -> Vec<Process> {
        process_list::list()
    }

    fn bpf_holders(&self) -> Vec<Holder> {
        bpf_holders::list()
    }

    fn files(&self, pid: u32) -> Vec<String> {
        let found = self.kernel.binaries("*", Some(pid)).unwrap_or_default();
        found.into_iter().filter_map(|path| path.into_os_string().into_string().ok()).collect()
    }

    fn arguments(&self, attach_point: &str) -> Vec<String> {
        if attach_point.contains(['*', ',']) {
            return Vec::new();
        }
        let listed = probes::list(&self.kernel, attach_point, &[], true).unwrap_or_default();
        let exact = listed.into_iter().find(|found| found.attach_point == attach_point);
        exact.map_or_else(Vec::new, |found| found.arguments)
    }
}
