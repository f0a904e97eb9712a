//! The attach points of this machine for the page: listed and indexed once, when somebody first asks.

use std::sync::{Arc, OnceLock};

use crate::host::LiveKernel;
use crate::host::probes;
use crate::host::search::Index;
use crate::http::probes::Catalogue;

/// Lists the probes of the running kernel.
pub struct LiveCatalogue {
    kernel: Arc<LiveKernel>,
    index: OnceLock<Index>,
}

impl LiveCatalogue {
    pub fn new(kernel: Arc<LiveKernel>) -> Self {
        Self { kernel, index: OnceLock::new() }
    }
}

impl Catalogue for LiveCatalogue {
    fn search(&self, query: &str, limit: usize) -> (usize, Vec<String>) {
        let index = self.index.get_or_init(|| {
            let listed = probes::list(&self.kernel, "*", None, false).unwrap_or_default();
            Index::new(listed.into_iter().map(|found| found.attach_point).collect())
        });
        let (total, best) = index.search(query, limit);
        (total, best.into_iter().map(|found| found.name.to_owned()).collect())
    }

    fn arguments(&self, attach_point: &str) -> Vec<String> {
        if attach_point.contains(['*', ',']) {
            return Vec::new();
        }
        let listed = probes::list(&self.kernel, attach_point, None, true).unwrap_or_default();
        let exact = listed.into_iter().find(|found| found.attach_point == attach_point);
        exact.map_or_else(Vec::new, |found| found.arguments)
    }
}
