//! Record batches as Python sees them.

use crate::partitioner::partition_of;
use crate::record_batch::{Headers, Owner, RecordBatch};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

/// A record batch that is full, or the last one; see the stub.
#[pyclass]
pub struct EncodedBatch(RecordBatch);

#[pymethods]
impl EncodedBatch {
    #[getter]
    fn count(&self) -> i32 {
        self.0.count()
    }

    #[getter]
    fn size(&self) -> usize {
        self.0.len()
    }

    /// Gives its bytes, for its producer; see the stub.
    fn sealed<'py>(&mut self, py: Python<'py>, producer: Owner) -> Bound<'py, PyBytes> {
        let batch = &mut self.0;
        let bytes = py.detach(|| batch.seal(producer));
        PyBytes::new(py, bytes)
    }
}

/// Where the rows of one topic go: its partitions, each with its rows.
struct Topic<'py> {
    name: Bound<'py, PyString>,
    rows: Vec<Option<Bound<'py, PyList>>>,
}

/// A topic, the number of a partition, and its rows.
type Routed<'py> = (Bound<'py, PyString>, usize, Bound<'py, PyList>);

/// Groups outputs by partition; see the stub.
#[pyfunction]
pub fn route<'py>(
    outputs: &Bound<'py, PyList>,
    counts: &Bound<'py, PyDict>,
    most: usize,
    otherwise: &Bound<'py, PyAny>,
) -> PyResult<Vec<Routed<'py>>> {
    let mut topics = Vec::new();
    for output in outputs {
        let output = output.cast_into::<PyTuple>()?;
        let rows = rows_of(&mut topics, output.get_item(0)?.cast_into()?, counts)?;
        let key = output.get_item(1)?;
        let bytes = bytes_of(&key)?.unwrap_or_default();
        let number = if bytes.len() > most {
            otherwise.call1((&key, rows.len()))?.extract()?
        } else {
            partition_of(bytes, rows.len() as u32) as usize
        };
        let rows = rows[number].get_or_insert_with(|| PyList::empty(output.py()));
        rows.append(output.get_slice(1, output.len()))?;
    }
    Ok(topics.into_iter().flat_map(filled).collect())
}

/// The rows of a topic that is known, or is from now on.
fn rows_of<'a, 'py>(
    topics: &'a mut Vec<Topic<'py>>,
    name: Bound<'py, PyString>,
    counts: &Bound<'py, PyDict>,
) -> PyResult<&'a mut Vec<Option<Bound<'py, PyList>>>> {
    let text = name.to_str()?;
    let known = topics.iter().position(|one| one.name.is(&name) || one.name.to_str().ok() == Some(text));
    let at = known.unwrap_or(topics.len());
    if known.is_none() {
        let count = counts.as_any().get_item(&name)?.extract()?;
        topics.push(Topic { name, rows: vec![None; count] });
    }
    Ok(&mut topics[at].rows)
}

fn filled(topic: Topic<'_>) -> Vec<Routed<'_>> {
    let numbered = topic.rows.into_iter().enumerate();
    numbered.filter_map(|(number, rows)| Some((topic.name.clone(), number, rows?))).collect()
}

/// Encodes rows of one partition; see the stub.
#[pyfunction]
pub fn record_batches(
    rows: &Bound<'_, PyList>,
    most: usize,
    time: i64,
    transactional: bool,
) -> PyResult<Vec<EncodedBatch>> {
    let (mut done, mut headers) = (Vec::new(), Headers::default());
    let mut batch = RecordBatch::new(time, transactional);
    for row in rows {
        let row = row.cast_into::<PyTuple>()?;
        let (key, value) = (row.get_item(0)?, row.get_item(1)?);
        let (key, value) = (bytes_of(&key)?, bytes_of(&value)?);
        read_headers(&row.get_item(2)?, &mut headers)?;
        if !batch.push(key, value, &headers, most) {
            done.push(EncodedBatch(std::mem::replace(&mut batch, RecordBatch::new(time, transactional))));
            batch.push(key, value, &headers, most);
        }
    }
    done.push(EncodedBatch(batch));
    Ok(done)
}

fn read_headers(from: &Bound<'_, PyAny>, headers: &mut Headers) -> PyResult<()> {
    headers.clear();
    if from.len()? == 0 {
        return Ok(());
    }
    for header in from.try_iter()? {
        let header = header?.cast_into::<PyTuple>()?;
        let (name, value) = (header.get_item(0)?, header.get_item(1)?);
        headers.push(name.cast::<PyString>()?.to_str()?.as_bytes(), bytes_of(&value)?);
    }
    Ok(())
}

fn bytes_of<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a [u8]>> {
    if value.is_none() {
        return Ok(None);
    }
    Ok(Some(value.cast::<PyBytes>()?.as_bytes()))
}
