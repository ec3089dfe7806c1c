package cluster_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
)

// Two groups of three on a line.
var points = mat.NewDense(6, 1, []float64{1, 1.2, 0.9, 8, 8.1, 7.7})

func ExampleKMeans() {
	found, err := cluster.KMeans(context.Background(), points, 2, cluster.KMeansOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	same, err := cluster.AdjustedRand(found.Labels, []int{0, 0, 0, 1, 1, 1})
	fmt.Println(same, err)
	// Output: 1 <nil>
}

func ExampleDBSCAN() {
	labels, _, err := cluster.DBSCAN(cluster.Distances(points), 0.5, 2)
	fmt.Println(labels, err)
	// Output: [0 0 0 1 1 1] <nil>
}
