//! From a command to the handler instances that handle it. Pure, no I/O.

use std::collections::HashMap;
use std::sync::Arc;

use switchhook_api::Pattern;

/// One handler instance, as the router knows it.
#[derive(Clone, Debug)]
pub struct Route {
    /// The instance.
    pub handler: Arc<str>,
    /// Lower numbers are asked first; equal ones by name.
    pub order: i32,
    /// The commands that it handles.
    pub commands: Vec<Pattern>,
}

/// The routes; the result for each known command is computed in advance.
#[derive(Debug, Default)]
pub struct Router {
    routes: Vec<Route>,
    known: HashMap<Arc<str>, Arc<[usize]>>,
}

impl Router {
    /// Sorts the routes into the order of asking and computes the known commands.
    pub fn new<'a>(mut routes: Vec<Route>, commands: impl IntoIterator<Item = &'a str>) -> Self {
        routes.sort_by(|a, b| (a.order, &a.handler).cmp(&(b.order, &b.handler)));
        let known =
            commands.into_iter().map(|name| (Arc::from(name), find(&routes, name))).collect();
        Self { routes, known }
    }

    /// The instances that handle a command, as indexes into [`Router::routes`], in the order of asking.
    pub fn route(&self, command: &str) -> Arc<[usize]> {
        self.known.get(command).cloned().unwrap_or_else(|| find(&self.routes, command))
    }

    /// All routes, in asking order.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }
}

fn find(routes: &[Route], command: &str) -> Arc<[usize]> {
    (0..routes.len()).filter(|i| Pattern::any(&routes[*i].commands, command)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_asked_by_order_then_name() {
        let route = |name: &str, order, pattern: &str| Route {
            handler: name.into(),
            order,
            commands: vec![pattern.parse().expect("a good pattern")],
        };
        let router = Router::new(
            vec![
                route("b", 100, "*"),
                route("a", 100, "Group.*"),
                route("z", 1, "Group.X"),
                route("c", 1, "C2C.X"),
            ],
            ["Group.X", "C2C.X"],
        );
        let names = |command| -> Vec<String> {
            router.route(command).iter().map(|i| router.routes()[*i].handler.to_string()).collect()
        };
        assert_eq!(names("Group.X"), ["z", "a", "b"]);
        assert_eq!(names("C2C.X"), ["c", "b"]);
        assert_eq!(names("Group.Unknown"), ["a", "b"]);
        assert_eq!(names("Else"), ["b"]);
    }
}
