package slots

// size is the bytes of a slot: two instructions of four.
const size = 8
