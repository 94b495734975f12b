//! RL1xx: `__del__`.

pub(crate) mod del_io;
pub(crate) mod del_releases_resource;
pub(crate) mod del_never_runs;
pub(crate) mod explicit_del_call;
pub(crate) mod del_defined;
