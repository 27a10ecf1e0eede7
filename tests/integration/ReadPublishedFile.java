import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** Reads a published file as a database browser does: lists its tables, their comments, asks views and macros. */
public class ReadPublishedFile {
    public static void main(String[] arguments) throws SQLException {
        Properties settings = new Properties();
        settings.setProperty("duckdb.read_only", "true");
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + arguments[0], settings)) {
            int tables = 0;
            try (ResultSet found = connection.getMetaData().getTables(null, null, "%", null)) {
                while (found.next()) {
                    tables++;
                    if (found.getString("TABLE_SCHEM").equals("mart") && found.getString("TABLE_NAME").equals("indicator")) {
                        System.out.println("comment of mart.indicator\t" + found.getString("REMARKS"));
                    }
                }
            }
            System.out.println("tables\t" + tables);
            for (String name : new String[] {"mart.indicator", "mart_zh.年度指标", "as_of('2100-01-01')"}) {
                try (Statement statement = connection.createStatement();
                        ResultSet found = statement.executeQuery("SELECT count(*) FROM " + name)) {
                    found.next();
                    System.out.println("rows of " + name + "\t" + found.getLong(1));
                }
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute("DELETE FROM core.org_unit");
                System.out.println("writing\tdone");
            } catch (SQLException refused) {
                System.out.println("writing\trefused");
            }
        }
    }
}
