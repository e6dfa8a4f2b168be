//! The only graph code: index arrays, deterministic, cycles as paths.

/// A directed graph over `0..len`; an edge `a -> b` means that `a` needs `b`.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    needs: Vec<Vec<u32>>,
}

impl Graph {
    /// `len` nodes without edges.
    pub fn new(len: usize) -> Self {
        Self { needs: vec![Vec::new(); len] }
    }

    /// Adds a node and answers its index.
    pub fn add(&mut self) -> usize {
        self.needs.push(Vec::new());
        self.needs.len() - 1
    }

    /// Adds the edge "`node` needs `other`"; unknown nodes are ignored.
    pub fn edge(&mut self, node: usize, other: usize) {
        let (len, Ok(target)) = (self.needs.len(), u32::try_from(other)) else { return };
        if node < len && other < len && !self.needs[node].contains(&target) {
            self.needs[node].push(target);
        }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.needs.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// What `node` needs, in the order of insertion.
    pub fn needs(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.needs.get(node).into_iter().flatten().map(|n| *n as usize)
    }

    /// All nodes, each after what it needs, smaller indices first.
    ///
    /// # Errors
    /// One cycle as a path: each node needs the next, the last needs the first.
    pub fn order(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut missing: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut wanted_by: Vec<Vec<u32>> = vec![Vec::new(); self.len()];
        for (node, needs) in self.needs.iter().enumerate() {
            for other in needs {
                wanted_by[*other as usize].push(u32::try_from(node).unwrap_or(u32::MAX));
            }
        }
        let mut ready: std::collections::BTreeSet<usize> =
            (0..self.len()).filter(|n| missing[*n] == 0).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(node) = ready.pop_first() {
            order.push(node);
            for next in &wanted_by[node] {
                let next = *next as usize;
                missing[next] -= 1;
                if missing[next] == 0 {
                    ready.insert(next);
                }
            }
        }
        if order.len() == self.len() { Ok(order) } else { Err(self.cycle(&missing)) }
    }

    /// Every node left over needs one that is left over too, so walking ends in a cycle.
    fn cycle(&self, missing: &[usize]) -> Vec<usize> {
        let Some(mut node) = (0..self.len()).find(|n| missing[*n] > 0) else { return Vec::new() };
        let mut path = Vec::new();
        loop {
            if let Some(start) = path.iter().position(|n| *n == node) {
                return path.split_off(start);
            }
            path.push(node);
            match self.needs(node).find(|n| missing[*n] > 0) {
                Some(next) => node = next,
                None => return path,
            }
        }
    }

    /// Without the edges that say what longer ways say too; the same where there is a cycle.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let Ok(order) = self.order() else { return self.clone() };
        let mut rank = vec![0; self.len()];
        for (place, node) in order.iter().enumerate() {
            rank[*node] = place;
        }
        // A bit for each node that is reached.
        let words = self.len().div_ceil(64);
        let mut reached = vec![Vec::new(); self.len()];
        let mut reduced = Self::new(self.len());
        for node in &order {
            let mut needs: Vec<usize> = self.needs(*node).collect();
            needs.sort_unstable_by_key(|need| std::cmp::Reverse(rank[*need]));
            let mut mine = vec![0_u64; words];
            for need in needs {
                let bit = 1 << (need % 64);
                if mine[need / 64] & bit == 0 {
                    reduced.edge(*node, need);
                    mine.iter_mut().zip(&reached[need]).for_each(|(all, theirs)| *all |= theirs);
                    mine[need / 64] |= bit;
                }
            }
            reached[*node] = mine;
        }
        reduced
    }

    /// For each node how many of `group` the longest chain of needs below it passes, given an
    /// order: two of the group with one number do not need each other. `group` is sorted.
    pub fn depths(&self, order: &[usize], group: &[usize]) -> Vec<u32> {
        let mut depths = vec![0; self.len()];
        for node in order {
            let below = self
                .needs(*node)
                .map(|need| depths[need] + u32::from(group.binary_search(&need).is_ok()));
            depths[*node] = below.max().unwrap_or(0);
        }
        depths
    }

    /// The length of the longest chain of dependants above each node, given an order.
    pub fn weights(&self, order: &[usize]) -> Vec<u32> {
        let mut weights = vec![0; self.len()];
        for node in order.iter().rev() {
            for other in self.needs(*node) {
                weights[other] = weights[other].max(weights[*node] + 1);
            }
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(len: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(len);
        for (a, b) in edges {
            graph.edge(*a, *b);
        }
        graph
    }

    #[test]
    fn what_is_needed_comes_first_and_ties_go_by_index() {
        let g = graph(5, &[(0, 4), (1, 0), (3, 1)]);
        let order = g.order().expect("no cycle");
        assert_eq!(order, [2, 4, 0, 1, 3]);
        assert_eq!(g.depths(&order, &[0, 1, 2, 3, 4]), [1, 2, 0, 3, 0]);
        assert_eq!(g.depths(&order, &[0, 4]), [1, 2, 0, 2, 0]);
        assert_eq!(g.weights(&order), [2, 1, 0, 0, 3]);
    }

    #[test]
    fn what_a_longer_way_says_is_left_out() {
        let edges = [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3), (4, 3)];
        let reduced = graph(5, &edges).reduced();
        let needs: Vec<Vec<usize>> = (0..5).map(|n| reduced.needs(n).collect()).collect();
        assert_eq!(needs, [vec![1], vec![2], vec![3], vec![], vec![3]]);
        let cycle = graph(2, &[(0, 1), (1, 0)]);
        assert_eq!(cycle.reduced().needs(0).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_cycle_is_a_path() {
        let g = graph(4, &[(0, 1), (1, 2), (2, 1), (3, 0)]);
        assert_eq!(g.order(), Err(vec![1, 2]));
    }
}
