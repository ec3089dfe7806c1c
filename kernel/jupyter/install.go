package jupyter

const DefaultName = "dtnotes"
