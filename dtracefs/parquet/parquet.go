// Package parquet writes tables as Parquet files. It is for programs: what it is built on would
// make the notebook's a third larger and slow its start, so cells write Arrow instead.
package parquet

import (
	"fmt"
	"io"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Write writes a table as a Parquet file, compressed with zstd, of the types that package export
// tells of.
func Write(w io.Writer, t *dtracefs.Table) error {
	r := export.Record(t)
	defer r.Release()
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy("dtnotes"))
	fw, err := pqarrow.NewFileWriter(r.Schema(), keepOpen{w}, props, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	if err := fw.Write(r); err != nil {
		fw.Close()
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	if err := fw.Close(); err != nil {
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	return nil
}

// keepOpen hides that a writer can be closed: closing is its owner's business.
type keepOpen struct{ io.Writer }
