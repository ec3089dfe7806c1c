-- Counts the captures of a fleet and merges what was counted as a tree, in plain SQL:
--
--   spark-sql --hivevar captures='/shared/captures/*/calls*.txt' --hivevar tasks=64 --hivevar groups=8 -f fleet.sql
--
-- The two scripts and dtnotes are on the PATH of the workers. The result is the path of the counts file.
SELECT TRANSFORM (part) USING 'merge-parts' AS (part STRING) FROM (
  SELECT /*+ REPARTITION(1) */ part FROM (
    SELECT TRANSFORM (part) USING 'merge-parts' AS (part STRING) FROM (
      SELECT /*+ REPARTITION(${groups}, part) */ part FROM (
        SELECT TRANSFORM (path) USING 'count-part' AS (part STRING) FROM (
          SELECT /*+ REPARTITION(${tasks}) */ path FROM binaryFile.`${captures}`)))));
