package analysis

import "gonum.org/v1/gonum/mat"

// refine moves single points between groups, then joins groups, as long as that raises the
// modularity on the links, the best change first (V. Blondel et al., "Fast unfolding of communities
// in large networks", 2008). Messages of affinity propagation that come to rest a little earlier or
// later then give the same groups. Groups with a link between them are also joined where that costs
// next to nothing, since then chance decides whether they are one.
func refine(links *mat.SymDense, labels []int) []int {
	c := newCommunities(links, labels)
	for range 10 * len(labels) {
		const enough = 1e-9
		if gain, move := c.bestMove(); gain > enough {
			move()
		} else if gain, join := c.bestJoin(); gain > enough {
			join()
		} else {
			break
		}
	}
	return c.labels
}

// communities are groups of points, and the weights of links between points and groups.
type communities struct {
	links   *mat.SymDense
	labels  []int       // 0 to len(of)-1
	degree  []float64   // of each point
	of      []float64   // degree of each group
	to      [][]float64 // weight of the links of each point to each group
	total   float64     // of the degrees
	members []int       // of each group
}

func newCommunities(links *mat.SymDense, labels []int) *communities {
	p := len(labels)
	c := &communities{links: links, labels: make([]int, p), degree: make([]float64, p), to: make([][]float64, p)}
	groups := groupsOf(labels)
	for g, members := range groups {
		for _, i := range members {
			c.labels[i] = g
		}
	}
	c.of, c.members = make([]float64, len(groups)), make([]int, len(groups))
	for i, g := range c.labels {
		c.to[i] = make([]float64, len(groups))
		for j, h := range c.labels {
			if w := links.At(i, j); i != j {
				c.to[i][h] += w
				c.degree[i] += w
			}
		}
		c.of[g] += c.degree[i]
		c.total += c.degree[i]
		c.members[g]++
	}
	return c
}

// move puts point i into group h.
func (c *communities) move(i, h int) {
	g := c.labels[i]
	c.labels[i] = h
	c.of[g] -= c.degree[i]
	c.of[h] += c.degree[i]
	c.members[g]--
	c.members[h]++
	for j := range c.to {
		if w := c.links.At(i, j); i != j {
			c.to[j][g] -= w
			c.to[j][h] += w
		}
	}
}

// bestMove returns how much modularity gains by the best move of a point to another group, and the
// move itself.
func (c *communities) bestMove() (best float64, move func()) {
	for i, g := range c.labels {
		for h := range c.of {
			if h == g || c.to[i][h] <= 0 {
				continue
			}
			away := c.to[i][h] - c.to[i][g] - c.degree[i]*(c.of[h]-c.of[g]+c.degree[i])/c.total
			if gain := 2 * away / c.total; gain > best {
				best, move = gain, func() { c.move(i, h) }
			}
		}
	}
	return best, move
}

// bestJoin does the same for joining two groups. A loss of up to a twentieth of their part of all
// links counts as none.
func (c *communities) bestJoin() (best float64, join func()) {
	const nothing = 0.05
	between := mat.NewDense(len(c.of), len(c.of), nil)
	for i, g := range c.labels {
		for h, w := range c.to[i] {
			between.Set(g, h, between.At(g, h)+w)
		}
	}
	for g := range c.of {
		for h := range g {
			w := between.At(g, h)
			if w <= 1e-12*c.total || c.members[g] == 0 || c.members[h] == 0 {
				continue
			}
			gain := 2*(w-c.of[g]*c.of[h]/c.total)/c.total + nothing*(c.of[g]+c.of[h])/c.total
			if gain > best {
				best, join = gain, func() {
					for i, l := range c.labels {
						if l == g {
							c.move(i, h)
						}
					}
				}
			}
		}
	}
	return best, join
}
