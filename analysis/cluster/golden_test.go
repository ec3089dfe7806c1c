package cluster

import (
	"context"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"dtnotes/analysis/internal/golden"
	"dtnotes/analysis/internal/laplacian"
)

type goldenScale struct {
	Corrcoef [][]float64
	Labels   []int `json:"true_labels"`
}

func TestGoldenAffinity(t *testing.T) {
	for _, set := range golden.Sets {
		var scale goldenScale
		golden.Read(t, set+".scale.json", &scale)
		var want struct {
			Runs []struct {
				Similarity string
				Preference *float64
				Damping    float64
				Centers    []int
				Labels     []int
				Iterations int `json:"n_iter"`
				Warnings   []string
			}
		}
		golden.Read(t, set+".affinity_propagation.json", &want)
		for _, w := range want.Runs {
			s := golden.Matrix(scale.Corrcoef)
			if w.Similarity == "neg_sq_euclid_columns" {
				s = negSquared(golden.Scaled(t, set))
			}
			got, err := AffinityPropagation(context.Background(), s, AffinityOptions{Preference: w.Preference, Damping: w.Damping})
			if len(w.Warnings) > 0 {
				continue
			}
			if err != nil {
				t.Errorf("%s %s preference %v damping %v: %v", set, w.Similarity, w.Preference, w.Damping, err)
				continue
			}
			if w.Iterations > 60 && w.Damping < 0.9 {
				continue // oscillates: the reference's noise decides
			}
			// Two points alone are equally good centers of their cluster: the
			// reference's noise chooses, so only the grouping can agree.
			same := slices.Equal(got.Labels, w.Labels)
			if w.Similarity != "corrcoef" {
				same = slices.Equal(canonical(got.Labels), canonical(w.Labels))
			}
			if !same || got.Iterations != w.Iterations {
				t.Errorf("%s %s preference %v damping %v: %v %v in %d, want %v %v in %d", set, w.Similarity, w.Preference, w.Damping,
					got.Exemplars, got.Labels, got.Iterations, w.Centers, w.Labels, w.Iterations)
			}
		}
	}
}

// negSquared returns minus the squared distances between the columns of x.
func negSquared(x *mat.Dense) *mat.Dense {
	n, p := x.Dims()
	m := mat.NewDense(p, p, nil)
	for i := range p {
		for j := range p {
			sum := 0.0
			for k := range n {
				d := x.At(k, i) - x.At(k, j)
				sum += d * d
			}
			m.Set(i, j, -sum)
		}
	}
	return m
}

// canonical renumbers labels by first appearance.
func canonical(labels []int) []int {
	seen := map[int]int{}
	out := make([]int, len(labels))
	for i, l := range labels {
		if _, ok := seen[l]; !ok {
			seen[l] = len(seen)
		}
		out[i] = seen[l]
	}
	return out
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

// centeredColumns returns the columns of a set as centered points.
func centeredColumns(scaled *mat.Dense) *mat.Dense {
	x := mat.DenseCopyOf(scaled.T())
	n, _ := x.Dims()
	for i := range n {
		row := x.RawRowView(i)
		mean := floats.Sum(row) / float64(len(row))
		floats.AddConst(-mean, row)
	}
	return x
}

func TestGoldenClustering(t *testing.T) {
	ctx := context.Background()
	for _, set := range golden.Sets {
		var scale goldenScale
		golden.Read(t, set+".scale.json", &scale)
		var want struct {
			TrueLabels []int `json:"true_labels"`
			KMeans     []struct {
				K                             int
				Labels                        []int
				Inertia, ARI, AMI, Silhouette float64
				NMI, V                        float64
				CalinskiHarabasz              float64   `json:"calinski_harabasz"`
				DaviesBouldin                 float64   `json:"davies_bouldin"`
				Samples                       []float64 `json:"silhouette_samples"`
			}
			DBSCAN []struct {
				Eps        float64
				MinSamples int `json:"min_samples"`
				Labels     []int
				Core       []int
			} `json:"dbscan_corrdist"`
			Agglomerative []struct {
				Linkage    string
				K          int
				Labels     []int
				Z          [][]float64 `json:"scipy_linkage"`
				Cophenetic float64     `json:"cophenetic_corr"`
				Leaves     []int
				Optimal    []int `json:"leaves_optimal"`
				Flat       []int `json:"fcluster_maxclust"`
				ARI        float64
			}
			Spectral []struct {
				K      int
				Assign string
				Labels []int
				ARI    float64
			} `json:"spectral_abs_corr"`
			Silhouette []float64   `json:"silhouette_samples_truth_corrdist"`
			Distances  [][]float64 `json:"distance_corr"`
		}
		golden.Read(t, set+".clustering.json", &want)
		points := centeredColumns(golden.Scaled(t, set))
		euclidean := Distances(points)
		p := len(scale.Corrcoef)
		corr := mat.NewSymDense(p, nil)
		absolute := mat.NewSymDense(p, nil)
		for i := range p {
			for j := i; j < p; j++ {
				corr.SetSym(i, j, scale.Corrcoef[i][j])
				absolute.SetSym(i, j, math.Abs(scale.Corrcoef[i][j]))
			}
		}
		distances := CorrelationDistances(corr)
		for _, w := range want.KMeans {
			got, err := KMeans(ctx, points, w.K, KMeansOptions{})
			if err != nil || got.Inertia > w.Inertia+1e-9*w.Inertia {
				t.Errorf("%s k-means %d: inertia %v, want ≤ %v (%v)", set, w.K, got.Inertia, w.Inertia, err)
			}
			ari, _ := AdjustedRand(w.Labels, want.TrueLabels)
			ami, _ := AdjustedMutualInformation(w.Labels, want.TrueLabels)
			sil, err := Silhouette(euclidean, w.Labels)
			if err != nil {
				t.Fatal(err)
			}
			if !near(ari, w.ARI) || !near(ami, w.AMI) || !near(floats.Sum(sil)/float64(p), w.Silhouette) {
				t.Errorf("%s k-means %d: ari %v ami %v silhouette %v, want %v %v %v", set, w.K, ari, ami, floats.Sum(sil)/float64(p), w.ARI, w.AMI, w.Silhouette)
			}
			nmi, _ := NormalizedMutualInformation(w.Labels, want.TrueLabels)
			ch, errCH := CalinskiHarabasz(points, w.Labels)
			db, errDB := DaviesBouldin(points, w.Labels)
			// The reference loses digits of the distance of a point alone to itself: 1e-8.
			if !near(nmi, w.NMI) || !near(nmi, w.V) || !near(ch, w.CalinskiHarabasz) || math.Abs(db-w.DaviesBouldin) > 1e-8 || errCH != nil || errDB != nil {
				t.Errorf("%s k-means %d: nmi %v Calinski-Harabasz %v (%v) Davies-Bouldin %v (%v), want %v %v %v", set, w.K,
					nmi, ch, errCH, db, errDB, w.NMI, w.CalinskiHarabasz, w.DaviesBouldin)
			}
			for i, s := range sil {
				if !near(s, w.Samples[i]) {
					t.Errorf("%s silhouette of %d: %v, want %v", set, i, s, w.Samples[i])
				}
			}
		}
		for _, w := range want.DBSCAN {
			labels, core, err := DBSCAN(distances, w.Eps, w.MinSamples)
			if err != nil || !slices.Equal(labels, w.Labels) {
				t.Errorf("%s dbscan %v %d: %v, want %v (%v)", set, w.Eps, w.MinSamples, labels, w.Labels, err)
			}
			for i, c := range core {
				if c != slices.Contains(w.Core, i) {
					t.Errorf("%s dbscan %v %d: core point %d is %v", set, w.Eps, w.MinSamples, i, c)
				}
			}
		}
		for _, w := range want.Agglomerative {
			d := distances
			if w.Linkage == "ward" {
				d = euclidean
			}
			tree, err := Agglomerate(ctx, d, Method(w.Linkage))
			if err != nil {
				t.Fatal(err)
			}
			for i, z := range w.Z {
				m := tree.Merges[i]
				if m.A != int(z[0]) || m.B != int(z[1]) || !near(m.Height, z[2]) || m.Size != int(z[3]) {
					t.Errorf("%s %s merge %d: %v, want %v", set, w.Linkage, i, m, z)
				}
			}
			labels, err := tree.Cut(w.K)
			if err != nil || !slices.Equal(labels, canonical(w.Labels)) {
				t.Errorf("%s %s cut to %d: %v, want %v (%v)", set, w.Linkage, w.K, labels, canonical(w.Labels), err)
			}
			if w.Leaves != nil && !slices.Equal(tree.Leaves(), w.Leaves) {
				t.Errorf("%s %s leaves: %v, want %v", set, w.Linkage, tree.Leaves(), w.Leaves)
			}
			if ari, _ := AdjustedRand(labels, want.TrueLabels); !near(ari, w.ARI) || !slices.Equal(labels, canonical(w.Flat)) {
				t.Errorf("%s %s cut to %d: ari %v of %v, want %v of %v", set, w.Linkage, w.K, ari, labels, w.ARI, canonical(w.Flat))
			}
			if w.Optimal == nil {
				continue
			}
			leaves, err := tree.OptimalLeaves(ctx, d)
			// The reference's order is not the shortest: TestOptimalLeaves tries them all.
			if err != nil || !tree.draws(leaves) || !tree.draws(w.Optimal) || orderLength(d, leaves) > orderLength(d, w.Optimal)*(1+1e-9) {
				t.Errorf("%s %s optimal leaves: %v of length %v, want %v of %v (%v)", set, w.Linkage,
					leaves, orderLength(d, leaves), w.Optimal, orderLength(d, w.Optimal), err)
			}
			var heights, between []float64
			joined := tree.Cophenetic()
			for i := range p {
				for j := range i {
					heights, between = append(heights, joined.At(i, j)), append(between, d.At(i, j))
				}
			}
			if r := stat.Correlation(heights, between, nil); !near(r, w.Cophenetic) {
				t.Errorf("%s %s cophenetic correlation: %v, want %v", set, w.Linkage, r, w.Cophenetic)
			}
		}
		for _, w := range want.Spectral {
			labels, err := Spectral(ctx, absolute, w.K, SpectralOptions{Assign: Assignment(w.Assign)})
			if err == nil && w.Assign == "discretize" && score(t, absolute, labels) > score(t, absolute, canonical(w.Labels))*(1+1e-9) {
				continue // the reference's random start ended at a lesser optimum
			}
			if err != nil || !slices.Equal(labels, canonical(w.Labels)) {
				t.Errorf("%s spectral %d by %s: %v, want %v (%v)", set, w.K, w.Assign, labels, canonical(w.Labels), err)
			}
		}
		sil, err := Silhouette(distances, want.TrueLabels)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range sil {
			if !near(s, want.Silhouette[i]) {
				t.Errorf("%s silhouette of truth at %d: %v, want %v", set, i, s, want.Silhouette[i])
			}
		}
	}
}

// score returns how close the eigenvectors' rows come to the axes of their labels 0 … k-1.
func score(t *testing.T, affinities mat.Symmetric, labels []int) float64 {
	t.Helper()
	all, err := laplacian.Vectors(affinities)
	if err != nil {
		t.Fatal(err)
	}
	v := mat.DenseCopyOf(all.Slice(0, len(labels), 0, slices.Max(labels)+1))
	unitRows(v)
	_, sum := rotation(v, labels)
	return sum
}
