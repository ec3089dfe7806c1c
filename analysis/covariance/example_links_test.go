package covariance_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/covariance"
)

// A load drives six processes, of which the second also waits for the first. Among partial
// correlations all pairs are linked; where hidden causes are taken out, that one pair is left.
func ExampleLatentGraphicalLasso() {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(2000, 6, nil)
	for i := range 2000 {
		load := 2 * rng.NormFloat64()
		for j := range 6 {
			x.Set(i, j, rng.NormFloat64())
		}
		x.Set(i, 1, x.At(i, 1)+x.At(i, 0))
		for j := range 6 {
			x.Set(i, j, x.At(i, j)+load)
		}
	}
	s, err := covariance.Empirical(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	s = covariance.Correlation(s)
	plain, err := covariance.GraphicalLasso(ctx, s, 0.05, covariance.LassoOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	latent, err := covariance.LatentGraphicalLasso(ctx, s, 0.05, covariance.LatentOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plain.Edges(), "links, and without hidden causes:")
	for i := range 6 {
		for j := range i {
			if latent.Sparse.At(i, j) != 0 {
				fmt.Println(j, "–", i)
			}
		}
	}
	fmt.Println(latent.Rank, "hidden")
	// Output:
	// 15 links, and without hidden causes:
	// 0 – 1
	// 1 hidden
}

// Counts of a few per second: each call of the first makes the second do one, too.
func ExampleCountNeighborhoods() {
	src := rand.NewPCG(1, 2)
	x := mat.NewDense(300, 4, nil)
	for i := range 300 {
		first := distuv.Poisson{Lambda: 1, Src: src}.Rand()
		x.SetRow(i, []float64{first, first + distuv.Poisson{Lambda: 0.5, Src: src}.Rand(),
			distuv.Poisson{Lambda: 2, Src: src}.Rand(), distuv.Poisson{Lambda: 0.3, Src: src}.Rand()})
	}
	links, err := covariance.CountNeighborhoods(context.Background(), x, covariance.CountOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 4 {
		for j := range i {
			if links.At(i, j) != 0 {
				fmt.Println(j, "–", i)
			}
		}
	}
	// Output: 0 – 1
}
