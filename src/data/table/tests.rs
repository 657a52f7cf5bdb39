//! Tables as people have them, and what is made of each.

use std::collections::BTreeSet;

use super::*;
use proptest::prelude::*;

fn of_table(name: &str, bytes: &[u8], label: Label) -> Result<Own, DataError> {
    of_tables(name, &[(name, bytes)], &Reading { label, missing: Missing::Refuse })
}

fn read(text: &str) -> Result<Own, String> {
    of_table("t.csv", text.as_bytes(), Label::Auto).map_err(|error| error.to_string())
}

fn rows(set: &Own) -> Vec<(Vec<u8>, &str)> {
    let features = (set.height * set.width) as usize;
    set.rows
        .inputs
        .chunks(features)
        .zip(&set.rows.labels)
        .map(|(row, &label)| (row.to_vec(), &set.classes[usize::from(label)][..]))
        .collect()
}

#[test]
fn labels_are_found_at_either_end_with_a_header_and_without() {
    let expected = vec![(vec![1, 2], "a"), (vec![3, 4], "b"), (vec![5, 6], "a")];
    for text in [
        "1,2,a\n3,4,b\n5,6,a\n",
        "a,1,2\r\nb,3,4\r\na,5,6",
        "u,v,kind\n1,2,a\n3,4,b\n5,6,a",
        "\u{feff}1;2;a\n3;4;b\n5;6;a",
        "a\t1\t2\n\nb\t3\t4\n\"a\"\t5\t6\n\n",
        "0,1,label\n1,2,a\n3,4,b\n5,6,a",
        "Class,0,1\na,1,2\nb,3,4\na,5,6",
    ] {
        assert_eq!(rows(&read(text).unwrap()), expected, "{text:?}");
    }
    // Numbers: the header decides, then the column with fewer different values.
    assert_eq!(rows(&read("y,p,q\n7,2,3\n10,5,6\n7,8,9\n").unwrap()), vec![(vec![2, 3], "7"), (vec![5, 6], "10"), (vec![8, 9], "7")]);
    assert_eq!(read("1,2,0\n3,4,1\n5,6,0\n").unwrap().classes, ["0", "1"]);
    // A last pixel that is always 0 is no class, as in tables of MNIST.
    assert_eq!(read("5,9,0\n4,7,0\n5,8,0\n").unwrap().classes, ["4", "5"]);
    let forced = of_table("t", b"1,2,0\n1,4,1\n3,6,0\n", Label::First).unwrap();
    assert_eq!(rows(&forced), vec![(vec![2, 0], "1"), (vec![4, 1], "1"), (vec![6, 0], "3")]);
}

#[test]
fn values_become_bytes_and_squares_of_them_images() {
    let set = read("0.5,0,a\n1,0.25,b\n0,1,b\n").unwrap();
    assert_eq!((set.rows.inputs.clone(), &set.notes[1][..6]), (vec![128, 0, 255, 64, 0, 255], "Values"));
    let set = read("-5,1000,a\n5,1000,b\n0,1000,b\n").unwrap();
    assert_eq!((set.rows.inputs.clone(), &set.notes[2][..4]), (vec![0, 0, 255, 0, 128, 0], "Each"));
    let line = |value: usize, label: &str| {
        (0..64).map(|at| ((at + value) % 200).to_string()).chain([label.to_owned()]).collect::<Vec<_>>().join(",")
    };
    let set = read(&[line(0, "x"), line(3, "y"), line(90, "x")].join("\n")).unwrap();
    assert_eq!((set.height, set.width, set.notes.len()), (8, 8, 2));
    assert_eq!(set.words(), "3 grey images of 8 \u{d7} 8, 2 classes: 2 training rows and 1 test row");
}

#[test]
fn refusals_say_which_line_and_why() {
    for (text, words) in [
        ("", "t.csv: it is empty"),
        ("1\n2\n", "t.csv: its lines have one value"),
        ("1,2,a\n3,b\n", "t.csv, line 2: it has 2 values where the first line has 3"),
        ("x,y,c\n1,2,a\n3,4,b\n5,,a\n", "t.csv, line 4: column 2 (y) is empty"),
        ("1,2,a\n3,4,b\n\n5,six,a\n", "t.csv, line 4: column 2 says \"six\", which is no number"),
        ("1,\"2\n\",a\n3,4,b\n5,NaN,b\n", "t.csv, line 4: column 2 says \"NaN\""),
        ("a,b,c\n", "t.csv: it has a header but no rows"),
        ("1,2,a\n3,4,a\n", "t.csv: all its rows are of one class"),
        ("1.5,2,3.5\n2.5,3,4.5\n", "t.csv: no column looks like a class"),
    ] {
        let message = read(text).unwrap_err();
        assert!(message.starts_with(words), "{text:?}: {message}");
    }
    let set = of_table("t.csv", b"1,2,a\n3,4,\xE9\x80\n5,6,a\n", Label::Auto).unwrap();
    assert_eq!(
        (set.classes.join(" "), set.notes.contains(&"The text is no UTF-8 and was read as Windows-1252.".to_owned())),
        ("a \u{e9}\u{20ac}".to_owned(), true)
    );
    let many = (0..300).map(|row| format!("{row},{}.5", row % 7)).collect::<Vec<_>>().join("\n");
    let message = of_table("t.csv", many.as_bytes(), Label::First).unwrap_err().to_string();
    assert!(message.contains("more than 256 different values"), "{message}");
}

proptest! {
    /// Any bytes give a set or an error, never a panic.
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![3 => proptest::sample::select(b"0123456789.,;\t\n\r\"-e".to_vec()), 1 => any::<u8>()], 0..160), which in 0usize..4, how in 0usize..3) {
        let reading = Reading { label: ["auto", "first", "last", "2"].map(Label::named)[which].clone(), missing: [Missing::Refuse, Missing::Mean, Missing::Drop][how] };
        drop(of_tables("t", &[("t", &bytes)], &reading));
        drop(of_tables("t", &[("t", &bytes), ("u", &bytes[..bytes.len() / 2])], &reading));
    }

    /// A written table is read back, with any separator.
    #[test]
    fn a_written_table_is_read_back(
        values in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), 0usize..3), 4..30), separator in 0usize..3, header: bool, first: bool
    ) {
        let separator = [",", ";", "\t"][separator];
        let line = |cells: [String; 3], label: &str| {
            let label = [label.to_owned()];
            if first { label.into_iter().chain(cells).collect::<Vec<_>>() } else { cells.into_iter().chain(label).collect() }.join(separator)
        };
        let mut lines: Vec<String> = values.iter().map(|(a, b, c, label)| line([a, b, c].map(u8::to_string), ["red", "green", "blue"][*label])).collect();
        if header {
            lines.insert(0, line(["p", "q", "r"].map(str::to_owned), "label"));
        }
        if let Ok(set) = of_table("t", lines.join("\n").as_bytes(), if first { Label::First } else { Label::Last }) {
            let expected: Vec<(Vec<u8>, &str)> = values.iter().map(|&(a, b, c, label)| (vec![a, b, c], ["red", "green", "blue"][label])).collect();
            // Whole numbers from 0 to 255, unless none is above 1.
            prop_assert_eq!(rows(&set), expected);
        } else {
            let labels: BTreeSet<usize> = values.iter().map(|value| value.3).collect();
            let alike = values.iter().flat_map(|&(a, b, c, _)| [a, b, c]).collect::<BTreeSet<u8>>().len() == 1;
            prop_assert!(labels.len() < 2 || alike);
        }
    }
}

fn notes(set: &Own) -> String {
    set.notes.join(" ")
}

/// Each table as somebody has it, with the classes and inputs that its owner means, and what must be said.
#[test]
fn the_class_is_found_where_its_owner_put_it() {
    for (text, classes, inputs, said) in [
        // By its name, wherever it stands.
        ("a,class,b,flag\n1,x,2,0\n3,y,4,1\n5,x,6,0\n7,y,8,1", "x y", 3, "Class: column 2, class: x, y."),
        ("Species;long\nsetosa;1,5\nvirginica;2,5\nsetosa;1,25", "setosa virginica", 1, "Class: column 1, Species: setosa, virginica."),
        ("TARGET,u,v\n0,1,2\n1,3,4\n0,5,6", "0 1", 2, "Class: column 1, TARGET: 0, 1."),
        ("x,y,class\n1,0,a\n2,1,b\n3,0,a\n4,1,b", "a b", 2, "Class: column 3, class"),
        ("u,y,v\n1.5,0,2\n2.5,1,3\n3.5,0,1", "0 1", 2, "Class: column 2, y: 0, 1."),
        ("x,y,kind\n1,0,a\n2,1,b\n3,0,a\n4,1,b", "a b", 2, "Class: column 3, kind"),
        ("diagnosis,u,v\nM,1,2\nB,3,4\nM,5,6", "B M", 2, "Class: column 1, diagnosis: B, M."),
        // By its values.
        ("u,v,kind\n1,2,a\n3,4,b\n5,6,a", "a b", 2, "Class: column 3, kind: a, b."),
        ("842302,M,17.99\n842517,B,20.57\n84300903,M,19.69", "B M", 2, "Class: column 2: B, M."),
        // A table of words.
        (
            "look,wind,species\nsunny,weak,no\nrain,weak,yes\nrain,strong,no\nsunny,strong,yes\n",
            "no yes",
            4,
            "Class: column 3, species: no, yes.",
        ),
    ] {
        let set = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((&set.classes.join(" ")[..], set.width), (classes, inputs), "{text:?}: {:?}", set.notes);
        assert!(notes(&set).contains(said), "{text:?}: {:?}", set.notes);
    }
}

#[test]
fn ties_are_told_and_a_name_or_a_number_decides() {
    for (text, words) in [
        ("target,a,species\n0,1,x\n1,2,y\n0,3,x", "t.csv: column 1 (target) and column 3 (species) could be the class. Say which one is"),
        ("a,b,c\n0,1.5,1\n1,2.5,0\n0,3.5,1\n1,4.5,0", "t.csv: column 1 (a) and column 3 (c) could be the class"),
        (
            "look,wind,play\nsunny,weak,no\nrain,weak,yes\nrain,strong,no\nsunny,strong,yes\n",
            "t.csv: column 1 (look) and column 3 (play) could be the class",
        ),
        ("y,u,country\n0,1.5,de\n1,2.5,es\n0,3.5,de\n1,4,es", "t.csv: column 1 (y) and column 3 (country) could be the class"),
        ("red,1.5,up\nblue,2.5,down\nred,3.5,down\nblue,4,up", "t.csv: column 1 and column 3 could be the class"),
    ] {
        let message = read(text).unwrap_err();
        assert!(message.starts_with(words), "{text:?}: {message}");
    }
    let text = "target,a,species\n0,1,x\n1,2,y\n0,3,x".as_bytes();
    let named = |label: &str| of_table("t.csv", text, Label::named(label)).map_err(|error| error.to_string());
    for label in ["species", "SPECIES", " Species", "3", "last"] {
        assert_eq!(named(label).unwrap().classes, ["x", "y"], "{label}");
    }
    assert_eq!(named("1").unwrap().classes, ["0", "1"]);
    assert_eq!(named("2").unwrap_err(), "t.csv: no class has two rows, one of them for the test. Give several rows of each class.");
    assert_eq!(
        named("specie").unwrap_err(),
        "t.csv: it has no column \"specie\"; its columns are target, a, species. Name one of them, or give its number from 1."
    );
    let message = of_table("t.csv", b"1,2,a\n3,4,b\n5,6,a\n", Label::named("9")).unwrap_err().to_string();
    assert!(message.starts_with("t.csv: it has no column \"9\" and no header, but 3 columns"), "{message}");
    let message = of_table("t.csv", b"k,k,c\n1,0,a\n0,1,b\n1,0,a", Label::named("k")).unwrap_err().to_string();
    assert!(message.starts_with("t.csv: column 1 (k) and column 2 (k) could be the class"), "{message}");
}

#[test]
fn row_numbers_and_identifiers_are_left_out_by_name() {
    for (text, inputs, said) in [
        ("Id,a,class\n1,5,x\n2,3,y\n3,9,x", 1, "Left out: Id (counts the rows)."),
        (",a,class\n0,5,x\n1,3,y\n2,9,x", 1, "Left out: column 1 (counts the rows)."),
        ("Unnamed: 0,a,class\n7,5,x\n4,3,y\n2,9,x", 1, "Left out: Unnamed: 0 (tells the rows apart)."),
        ("customer_id,a,class\nq7,5,x\nq4,3,y\nq2,9,x", 1, "Left out: customer_id (tells the rows apart)."),
        ("name,a,class\nAnn,5,x\nBob,3,y\nCy,9,x", 1, "Left out: name (words, 3 different ones)."),
        ("1,.5,x\n2,.3,y\n3,.9,x\n4,.1,y\n5,.2,x\n6,.1,x\n7,.5,y\n8,.4,y", 1, "Left out: column 1 (counts the rows)."),
        // Kept, but said: it may mean something.
        ("day,a,class\n1,5,x\n2,3,y\n3,9,x", 2, "day only counts the rows, and the network learns from it."),
        // No identifier: a value occurs twice.
        ("id,a,class\n4,5,x\n4,3,y\n6,9,x", 2, "Class: column 3, class: x, y."),
    ] {
        let set = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(set.width, inputs, "{text:?}: {:?}", set.notes);
        assert!(notes(&set).contains(said), "{text:?}: {:?}", set.notes);
    }
    // Row numbers begin again in the file of test rows.
    let (train, test) = ("Id,a,class\n1,5,x\n2,3,y\n3,9,x", "Id,a,class\n1,5,x\n2,3,y");
    let set = of_tables("two", &[("train.csv", train.as_bytes()), ("test.csv", test.as_bytes())], &Reading::default()).unwrap();
    assert_eq!((set.width, set.counts()), (1, (3, 2)));
}

#[test]
fn classes_that_are_odd_are_told() {
    for (text, classes, said) in [
        (
            "a,class\n1,Cat\n2,cat\n3,dog\n4,cat\n5,Cat",
            "Cat cat dog",
            "\"Cat\" and \"cat\" are 2 classes: they differ in capitals or spaces only.",
        ),
        ("a,class\n1,sea lion\n2,sea  lion\n3,dog\n4,dog", "dog sea  lion sea lion", "\"sea  lion\" and \"sea lion\" are 2 classes"),
        ("a,class\n1,1\n2,1.0\n3,2\n4,01", "1 2", "\"1\" and \"01\" are one class. \"1\" and \"1.0\" are one class."),
        ("a,class\n1,0\n2,1\n3,4\n4,0", "0 1 4", "No row has class 2 or 3."),
        ("a,b,class\n1,7,x\n2,7,y\n4,7,x", "x y", "The same in every row: b."),
    ] {
        let set = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((set.classes.join(" "), set.counts().0 + set.counts().1), (classes.to_owned(), text.lines().count() as u32 - 1));
        assert!(notes(&set).contains(said), "{text:?}: {:?}", set.notes);
    }
    let message = read("a,class\n1,x\n2,y\n3,\n4,x\n").unwrap_err();
    assert!(message.starts_with("t.csv, line 4: its class is missing. Give it a class"), "{message}");
    let message = read("a,class\n1,x\n2,\n3,\n4,x\n5,y").unwrap_err();
    assert!(message.starts_with("t.csv, line 3: its class is missing, as in 1 row more"), "{message}");
}

#[test]
fn numbers_are_those_of_the_owners_country() {
    let rows = |text: &str| read(text).map(|set| (set.rows.inputs.clone(), notes(&set)));
    let commas = "Commas were read as decimal marks.";
    for text in [
        "l;w;k\n5,3;3,1;a\n1,0;2,5;b\n4;2,75;a",
        "5,3;3,1;a\n1,0;2,5;b\n4;2,75;a",
        "sep=;\nl;w;k\n5,3;3,1;a\n1,0;2,5;b\n4;2,75;a",
        "l\tw\tk\n5,3\t3,1\ta\n1,0\t2,5\tb\n4\t2,75\ta",
        "l,w,k\n\"5,3\",\"3,1\",a\n\"1,0\",\"2,5\",b\n4,\"2,75\",a",
    ] {
        let (inputs, said) = rows(text).unwrap();
        assert_eq!(inputs, [255, 255, 0, 0, 178, 106], "{text:?}");
        assert!(said.contains(commas), "{text:?}: {said}");
    }
    let (inputs, said) = rows("a,b,k\n\"1,234\",1.5,x\n\"2,234\",2.5,y\n0,0.5,x").unwrap();
    assert_eq!((inputs[0], said.contains(commas)), (141, false), "thousands between quotes");
    let (inputs, _) = rows("a;b;k\n1.234,5;1;x\n0;2;y\n2.469;3;x").unwrap();
    assert_eq!(inputs[0], 128, "points between thousands where commas are decimal");
    let (inputs, _) = rows("a;b;k\n1,234;1;x\n2,468;2;y\n0;3;x").unwrap();
    assert_eq!(inputs[0], 128, "where semicolons separate, commas are decimal");
    let message = read("a;b;k\n1,5;1;x\n2.5;2;y\n0;3;x").unwrap_err();
    assert!(message.starts_with("t.csv: line 2 has a decimal comma (1,5) and line 3 a decimal point (2.5)"), "{message}");
}

#[test]
fn what_spreadsheets_leave_is_left_out() {
    for text in [
        "a,b,class\n1,2,x\n3,4,y\n,,\n5,6,x\n,,\n",
        "a,b,class,\n1,2,x,\n3,4,y,\n5,6,x,\n",
        "a,b,class\n1,2,x,,\n3,4,y,\n5,6,x\n",
        "My table,,\n,,\na,b,class\n1,2,x\n3,4,y\n5,6,x\n",
        "a,,b,class\n1,,2,x\n3,,4,y\n5,,6,x\n",
        "# a,b,class\n1,2,x\n3,4,y\n5,6,x\n",
    ] {
        let set = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(rows(&set), [(vec![1, 2], "x"), (vec![3, 4], "y"), (vec![5, 6], "x")], "{text:?}");
    }
    assert!(notes(&read("a,b,class\n1,2,x\n3,4,y\n,,\n5,6,x\n").unwrap()).contains("1 row without values was left out."));
    assert!(notes(&read("My table,,\na,b,class\n1,2,x\n3,4,y\n5,6,x\n").unwrap()).contains("1 line above the table was left out."));
    assert!(notes(&read("a,,b,class\n1,,2,x\n3,,4,y\n5,,6,x\n").unwrap()).contains("Left out, since it is empty: column 2."));
}

#[test]
fn missing_values_are_refused_or_replaced_or_their_rows_dropped() {
    let text = "a,b,c,class\n0,?,u,x\n10,4,v,y\nNA,6,u,x\n20,8,,y\n10,2,u,x\n10,5,u,x\n";
    let of = |missing| of_tables("t.csv", &[("t.csv", text.as_bytes())], &Reading { label: Label::Auto, missing });
    assert_eq!(
        of(Missing::Refuse).unwrap_err().to_string(),
        "t.csv, line 2: column 2 (b) says \"?\"; 3 values are missing in 3 columns. Fill them in, or let the mean of the column stand in or the rows be \
         left out (--missing mean, --missing drop, or the choice on the page)."
    );
    let set = of(Missing::Mean).unwrap();
    // The mean of a is 10, of b 5, and of c four fifths u.
    assert_eq!(rows(&set)[0], (vec![0, 128, 255, 0], "x"));
    assert_eq!(rows(&set)[2], (vec![128, 170, 255, 0], "x"));
    assert_eq!(rows(&set)[3], (vec![255, 255, 204, 51], "y"));
    assert!(notes(&set).contains("Missing values became the mean of their column: a (1), b (1), c (1)."), "{:?}", set.notes);
    let set = of(Missing::Drop).unwrap();
    assert_eq!((set.rows.len(), &set.rows.labels[..]), (3, &[1, 0, 0][..]));
    assert!(notes(&set).contains("3 rows with missing values were left out."), "{:?}", set.notes);
    let of = |text: &str, missing| of_tables("t.csv", &[("t.csv", text.as_bytes())], &Reading { label: Label::Auto, missing });
    let message = of("a,b,class\n,1,x\n2,,y\n,3,x\n", Missing::Drop).unwrap_err().to_string();
    assert!(message.starts_with("t.csv: every row has a missing value"), "{message}");
    let set = of("a,class\n1,x\n2,\n3,y\n5,x\n", Missing::Drop).unwrap();
    assert_eq!((set.rows.len(), set.classes.join(" ")), (3, "x y".to_owned()));
}

#[test]
fn columns_of_few_words_become_inputs() {
    let set = read("sex,age,class\nf,20,x\nm,40,y\nf,30,x\nm,20,y\n").unwrap();
    assert_eq!(rows(&set)[..2], [(vec![255, 0, 0], "x"), (vec![0, 255, 255], "y")]);
    assert!(notes(&set).contains("Words became one input for each value: sex (f, m)."), "{:?}", set.notes);
    // A number with a slip of the pen is no word.
    let message = read("a,class\n1,x\ntwo,y\n3,x\n4,y\n").unwrap_err();
    assert!(message.starts_with("t.csv, line 3: column 1 (a) says \"two\", which is no number."), "{message}");
    let message = read("a,class\n1,x\ntwo,y\n3,x\nfour,y\n").unwrap_err();
    assert!(message.contains("which is no number, and so does 1 further cell"), "{message}");
    let message = read("name,class\nAnn,x\nBob,y\nCy,x\n").unwrap_err();
    assert!(message.starts_with("t.csv: no column is left to learn from"), "{message}");
}

#[test]
fn tables_of_training_and_test_rows_have_the_same_columns() {
    let of = |train: &str, test: &str| {
        of_tables("two", &[("train.csv", train.as_bytes()), ("test.csv", test.as_bytes())], &Reading::default())
            .map_err(|error| error.to_string())
    };
    let train = "a,b,class\n1,2,x\n3,4,y\n5,6,x\n";
    let set = of(train, "\na,b,class\n9,8,z\n7,6,x\n").unwrap();
    assert_eq!((set.classes.join(" "), set.counts(), set.test.clone().unwrap().labels), ("x y z".to_owned(), (3, 2), vec![2, 0]));
    assert!(set.notes.contains(&"Classes of test rows only: z.".to_owned()), "{:?}", set.notes);
    assert_eq!(of(train, "9,8,y\n7,6,x\n").unwrap().counts(), (3, 2), "without a header");
    let turned = of(train, "CLASS,B,A\ny,8,9\n").unwrap().test.unwrap();
    assert_eq!((turned.inputs, turned.labels), (vec![9, 8], vec![1]), "another order, other capitals");
    // Scales and means are those of the training rows; test values beyond them are cut.
    let both = [("train.csv", &b"a,class\n10,x\n,y\n20,x\n0.5,y"[..]), ("test.csv", b"a,class\n200,x\n-5,y")];
    let set = of_tables("two", &both, &Reading { label: Label::Auto, missing: Missing::Mean }).unwrap();
    assert_eq!((set.rows.inputs.clone(), set.test.clone().unwrap().inputs), (vec![124, 126, 255, 0], vec![255, 0]));
    assert!(set.notes.iter().any(|note| note.starts_with("Test rows: 2 values are beyond")), "{:?}", set.notes);
    for (test, words) in [
        ("a,b\n1,2\n", "test.csv: it has 2 columns, but train.csv has 3"),
        ("a,height,class\n1,2,x\n", "test.csv: its columns have other names than those of train.csv: a, height, class"),
        ("a,b,class\n1,two,x\n", "test.csv, line 2: column 2 (b) says \"two\""),
        ("a,b,class\n1,2,\n", "test.csv, line 2: its class is missing"),
        ("a,b,class\n", "test.csv: it has a header but no rows"),
        ("", "test.csv: it is empty"),
    ] {
        let message = of(train, test).unwrap_err();
        assert!(message.starts_with(words), "{test:?}: {message}");
    }
}

/// The shared cases that are larger than a line: noise whose rows stand class after class, with row numbers and without.
#[test]
fn row_numbers_do_not_give_the_class_away() {
    let of = |file: &str| {
        let path = format!("{}/tests/fixtures/tables/{file}", env!("CARGO_MANIFEST_DIR"));
        of_table(file, &std::fs::read(path).unwrap(), Label::Auto).unwrap()
    };
    let (with, without) = (of("noise-id.csv"), of("noise-noid.csv"));
    assert_eq!((with.rows, with.width), (without.rows, without.width));
    assert!(with.notes.contains(&"Left out: Id (counts the rows).".to_owned()), "{:?}", with.notes);
}

#[test]
fn a_line_that_counts_the_columns_is_a_header() {
    for text in ["0,1,2\n5,7,1\n6,8,0\n7,9,1", ",0,1,2\n0,5,7,1\n1,6,8,0\n2,7,9,1", "1,2,3\n5,7,1\n6,8,0\n7,9,1"] {
        let set = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(rows(&set), [(vec![5, 7], "1"), (vec![6, 8], "0"), (vec![7, 9], "1")], "{text:?}");
        assert!(notes(&set).contains("The first line counts the columns and was taken for a header."), "{:?}", set.notes);
    }
}

#[test]
fn a_quote_that_is_never_closed_is_refused_with_its_line() {
    let text = "x,label,note\n1,a,ok\n2,b,\"hello\n3,a,ok\n4,b,ok\n";
    let message = read(text).unwrap_err();
    assert!(message.starts_with("t.csv, line 3: a quote is opened and never closed. Close it"), "{message}");
    for fine in [
        "x,label,note\n1,a,\"said \"\"hi\"\"\"\n2,b,5\" wide\n3,a,\"two\nlines\"\n4,b,x\n",
        "x,\"label\"\r\n1,\"a\"\r\n2,\"b\"\r\n3,\"a\"\r\n",
    ] {
        read(fine).unwrap_or_else(|error| panic!("{fine:?}: {error}"));
    }
}

#[test]
fn what_may_mislead_is_said() {
    let amounts: Vec<String> = (0..100).map(|row| format!("{},{}", f64::from(row) / 7.0, ["x", "y"][row as usize % 2])).collect();
    for (text, said) in [
        (
            format!("a,class\n{}\n99999,x", amounts.join("\n")),
            "a keeps 2 of more than 63 different values, because it reaches from 0 to 99999.",
        ),
        (
            "a;b;class\n1.234;1;x\n123;2;y\n2.345;3;x".to_owned(),
            "Points were read as decimal marks: 1.234 is no whole number of thousands.",
        ),
        ("a;b;class\n1,234;1;x\n123;2;y\n2,345;3;x".to_owned(), "Commas were read as decimal marks, not as marks between thousands."),
        ("a;b;class\n1.234.567;1;x\n123;2;y\n7;3;x".to_owned(), "Points between thousands were left out."),
        ("a,b,class\n50%,1,x\n0.5,2,y\n20%,3,x".to_owned(), "Percent signs were left out of a part of the numbers: a."),
        ("a,class\n1,NA\n2,EU\n3,NA".to_owned(), "\"NA\" counts as a class."),
        ("a,class\n1,x\n2,y\n3,x".to_owned(), "Classes of one row, which is no test row: y."),
        ("made by hand\na,b,class\n1,2,x\n2,3,y\n3,4,x".to_owned(), "1 line above the table was left out."),
    ] {
        let set = read(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(notes(&set).contains(said), "{text:?}: {:?}", set.notes);
    }
    let ids: Vec<String> = (0..30).map(|row| format!("{},{}.5,{}", 1000 + row * row, row, ["x", "y"][row % 2])).collect();
    assert!(notes(&read(&ids.join("\n")).unwrap()).contains("column 1 has another whole number in every row"));
    for (cell, words) in [("?", "its class is missing"), ("NaN", "its class is missing"), ("null", "its class is missing")] {
        let message = read(&format!("a,class\n1,x\n2,y\n3,{cell}\n4,x")).unwrap_err();
        assert!(message.starts_with(&format!("t.csv, line 4: {words}")), "{message}");
    }
    // Line ends of old Macintosh programs.
    assert_eq!(rows(&read("a,b,class\r1,2,x\r3,4,y\r5,6,x\r").unwrap()).len(), 3);
    // Numbers and words of one category.
    let cars: Vec<String> =
        (0..40).map(|row| format!("{},{},{}", ["2", "4", "5more"][row % 3], row % 7, ["acc", "good"][row % 2])).collect();
    let set = read(&format!("doors,n,class\n{}", cars.join("\n"))).unwrap();
    assert!(notes(&set).contains("doors (2, 4, 5more)"), "{:?}", set.notes);
}
